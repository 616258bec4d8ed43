/** Loaded only for tables with more in them than ASCII. */
export { default as width } from "string-width";
