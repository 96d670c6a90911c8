/** The icon of all pages. `assets/favicon.ico` is the same at 16, 32 and 48 pixels, for what asks for it by that name. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="#fc3"/>
<circle cx="11" cy="12" r="2.2"/><circle cx="21" cy="12" r="2.2"/>
<path d="M8 18a8.5 8.5 0 0 0 16 0" fill="none" stroke="#000" stroke-width="2.4" stroke-linecap="round"/></svg>`;
