// VitePress's own theme with the fonts of the system: nothing is fetched from elsewhere, and little from here.
import theme from "vitepress/theme-without-fonts";
import "./style.css";

export default theme;
