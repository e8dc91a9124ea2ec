/** How many hundredths of the whole a part is, rounded down; null where there is no whole. */
export function shareOf(part: string, whole: string): number | null {
  const of = Number(whole);
  if (!whole || !Number.isFinite(of) || of <= 0) return null;
  return Math.max(0, Math.floor((Number(part || "0") * 100) / of));
}
