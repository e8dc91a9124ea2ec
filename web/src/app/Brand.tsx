/** The mark of the product. */
export const Brand = ({ size = 24 }: { size?: number }) => (
  <span
    aria-hidden
    className="flex shrink-0 items-center justify-center rounded-sm bg-accent text-accent-fg"
    style={{ width: size, height: size, borderRadius: size / 4 }}
  >
    <svg
      width={size * 0.66}
      height={size * 0.66}
      viewBox="4 4 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="2.3"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M8 6v12" />
      <path d="M16 6.5 8 13" />
      <path d="m11 11 5.5 7" />
    </svg>
  </span>
);
