import { tool } from 'langchain'
import { z } from 'zod'
import { calculate } from './calculator.mjs'

export const WEATHER = {
  London: '12 °C, overcast',
  Paris: '18 °C, sunny',
  'New York': '22 °C, partly cloudy',
  Tokyo: '25 °C, humid',
}

const getWeather = tool(({ city }) => `${city}: ${WEATHER[city] ?? 'no weather is known there'}`, {
  name: 'get_weather',
  description: 'The present weather of a city.',
  schema: z.object({ city: z.string().describe('such as Paris') }),
})

/** A model's mistake is told to the model, which may do better; it does not end the agent. */
const doCalculate = tool(
  ({ expression }) => {
    try {
      return `${expression} = ${calculate(expression)}`
    } catch (error) {
      return error.message
    }
  },
  {
    name: 'calculate',
    description: 'The value of an arithmetic expression with + - * / and parentheses.',
    schema: z.object({ expression: z.string().describe('such as 17 * 43 + 100') }),
  },
)

export const TOOLS = [getWeather, doCalculate]
