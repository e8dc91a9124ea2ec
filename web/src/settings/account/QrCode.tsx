import { useMemo } from "react";
import { encode } from "uqr";

/** Free modules around the code, as readers want them. */
const QUIET = 2;

/** A text as a QR code: dark on white in either theme, since not every reader takes it the other way round. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => {
    const code = encode(text, { ecc: "M", border: 0 });
    const rows = code.data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : [])));
    return { size: code.size, path: rows.join("") };
  }, [text]);
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`${-QUIET} ${-QUIET} ${size + 2 * QUIET} ${size + 2 * QUIET}`}
      shapeRendering="crispEdges"
      className="size-44 shrink-0 rounded-sm bg-white"
    >
      <path d={path} fill="#000" />
    </svg>
  );
}
