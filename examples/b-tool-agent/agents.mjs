import { HumanMessage, ToolMessage } from '@langchain/core/messages'
import { createAgent } from 'langchain'
import { TOOLS } from './tools.mjs'

/** LangChain's prebuilt agent, which is a LangGraph. */
export async function prebuiltAgent(model, question) {
  const agent = createAgent({ model, tools: TOOLS })
  const { messages } = await agent.invoke({ messages: [new HumanMessage(question)] })
  return messages.at(-1).text
}

const MOST_TURNS = 8

/** The same as a plain loop: ask, run the tools that are asked for, ask again. */
export async function loopAgent(model, question) {
  const withTools = model.bindTools(TOOLS)
  const messages = [new HumanMessage(question)]
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const answer = await withTools.invoke(messages)
    messages.push(answer)
    if (!answer.tool_calls?.length) return answer.text
    for (const call of answer.tool_calls) messages.push(await run(call))
  }
  throw new Error(`no answer after ${MOST_TURNS} turns`)
}

async function run({ id, name, args }) {
  const tool = TOOLS.find(each => each.name === name)
  const content = tool ? await tool.invoke(args) : `there is no tool named ${name}`
  return new ToolMessage({ content, tool_call_id: id })
}
