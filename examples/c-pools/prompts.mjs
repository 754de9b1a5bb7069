/** What people ask, by what it is about. The last ones of each list are left open by the rules: a model is asked. */
export const TRAFFIC = {
  math: [
    'Calculate 15 % of 80',
    'Solve the equation x^2 = 9',
    'What is the derivative of x^3?',
    'If two trains leave at noon towards each other, when do they meet?',
  ],
  code: [
    'Write a function that reverses a string',
    'Debug this sql query: select * form users',
    'Write a regex for dates',
    'My build breaks since the upgrade, what now?',
  ],
  creative: ['Write a story about a lighthouse', 'Write a poem about rain', 'Draft marketing copy for a bicycle bell'],
  default: [
    'What is the capital of Australia?',
    'Translate good morning into French',
    'Which is older, the lion or the cat?',
    'Who painted the Mona Lisa?',
  ],
}
