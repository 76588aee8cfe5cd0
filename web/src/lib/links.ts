/** A text cut into plain pieces and addresses of this server; addresses elsewhere stay text. */
export function pieces(text: string, origin: string): { text: string; href: string | null }[] {
  const parts = text.split(/(https?:\/\/[^\s<>"]+)/);
  return parts.filter(Boolean).map((part) => {
    if (!/^https?:\/\//.test(part) || !URL.canParse(part)) return { text: part, href: null };
    const to = new URL(part);
    return { text: part, href: to.origin === origin ? to.pathname + to.search + to.hash : null };
  });
}
