/** Loads smol-toml. Imported only when there is a config.toml. */
export { parse, TomlError } from "smol-toml";
