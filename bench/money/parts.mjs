// What `npm run bench -- --money` takes of the sources. Bundled before it runs, as the program itself is.
import { openBacking } from '../../src/backing.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { Answer } from '../../src/core/answer.ts'
import { systemClock } from '../../src/core/clock.ts'
import { readBytes } from '../../src/dialects/openai.ts'
import { asCaller, withSubjects } from '../../src/gateway/as-caller.ts'
import { authentication } from '../../src/gateway/authenticate.ts'
import { createRouter } from '../../src/router.ts'
import { openStore } from '../../src/store/open-store.ts'
import { startPostgres } from '../../test/support/postgres.ts'

export {
  Answer,
  asCaller,
  authentication,
  createRouter,
  loadConfig,
  openBacking,
  openStore,
  readBytes,
  startPostgres,
  systemClock,
  withSubjects,
}
