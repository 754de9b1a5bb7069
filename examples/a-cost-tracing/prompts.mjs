/** Something to say in so many words. */
const words = count => Array.from({ length: count }, (_, at) => `measurement ${at} rose`.split(' ')[at % 3]).join(' ')

/** The three requests, and a fourth that is long enough to be worth the capable model at this threshold. */
export const PROMPTS = [
  { label: 'short', text: 'What is 2+2?' },
  { label: 'paragraph', text: 'Summarize the history of the Roman Empire in one paragraph.' },
  { label: '800 words', text: `Analyze this text: ${words(800)}` },
  { label: '6,000 words', text: `Analyze this text: ${words(6000)}` },
]
