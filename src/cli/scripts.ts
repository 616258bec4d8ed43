/** The completion scripts. Loaded only by `chore completion`. */
import { text as bash } from "./completion/chore.bash.ts";
import { text as fish } from "./completion/chore.fish.ts";
import { text as zsh } from "./completion/chore.zsh.ts";

export const scripts = { bash, zsh, fish } as const;
