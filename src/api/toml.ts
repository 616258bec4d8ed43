/** The one file of this room that imports smol-toml. */
export { parse, TomlError } from "smol-toml";
