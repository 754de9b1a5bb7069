/** The HTTP gateway as a library: put a configuration together, and serve it. */
export { type AssembleOptions, type Assembly, assemble } from '../assemble.ts'
export { type ConfigSource, type LoadedConfig, type LoadOptions, loadConfig } from '../config/load-config.ts'
export { type OpenOptions, open } from '../open-assembly.ts'
export { createGateway, type Gateway, type ServerSettings } from './server.ts'
