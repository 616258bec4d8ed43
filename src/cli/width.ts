/** Loads string-width. Imported only for tables that hold more than ASCII. */
export { default as width } from "string-width";
