/** Loaded only where there is a config.toml. */
export { parse, TomlError } from "smol-toml";
