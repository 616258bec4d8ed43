/** The one file of this room that imports smol-toml. */
export { parse, stringify, TomlError } from "smol-toml";
