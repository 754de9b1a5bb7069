// What the measurements without HTTP take of the sources. Bundled before they run, as the program itself is.
import { assemble } from '../../src/assemble.ts'
import { openBacking } from '../../src/backing.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { Answer } from '../../src/core/answer.ts'
import { systemClock } from '../../src/core/clock.ts'
import { ObjectFrame } from '../../src/core/frame.ts'
import { Pieces } from '../../src/core/pieces.ts'
import { readBytes } from '../../src/dialects/openai.ts'
import { asCaller, withSubjects } from '../../src/gateway/as-caller.ts'
import { authentication } from '../../src/gateway/authenticate.ts'
import { Router } from '../../src/library/router.ts'
import { createRouter } from '../../src/router.ts'
import { openStore } from '../../src/store/open-store.ts'
import { startPostgres } from '../../test/support/postgres.ts'

export {
  Answer,
  asCaller,
  assemble,
  authentication,
  createRouter,
  loadConfig,
  ObjectFrame,
  openBacking,
  openStore,
  Pieces,
  Router,
  readBytes,
  startPostgres,
  systemClock,
  withSubjects,
}
