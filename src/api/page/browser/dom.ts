/** Makes and keeps elements. Whatever comes from the server becomes text, never markup. */

type Child = Node | string;

/** An element with properties, such as `className` and `href`, and children. */
export function element<Name extends keyof HTMLElementTagNameMap>(
	name: Name,
	properties: Partial<HTMLElementTagNameMap[Name]> = {},
	...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
	const made = Object.assign(document.createElement(name), properties);
	made.append(...children);
	return made;
}

/** Gives an element this text, unless it has it: what is selected in it stays so. */
export function setText(node: Element, text: string): void {
	if (node.textContent !== text) node.textContent = text;
}

/** Gives an element these children, unless it has them: moving one would take the focus from it. */
export function setChildren(parent: Element, children: readonly Node[]): void {
	const isSame = children.length === parent.childNodes.length && children.every((child, index) => child === parent.childNodes[index]);
	if (isSame) return;
	const focused = document.activeElement;
	parent.replaceChildren(...children);
	if (focused instanceof HTMLElement && parent.contains(focused)) focused.focus({ preventScroll: true });
}

/** An element of the page itself. */
export function byId(id: string): HTMLElement {
	const found = document.getElementById(id);
	if (found === null) throw new Error(`there is no #${id}`);
	return found;
}
