import { type ComponentType, lazy } from "react";

/**
 * A component loaded on demand that renders at once when its module is already here. React.lazy always suspends on
 * its first render, and React then holds the reveal back for up to 300 ms: too long for a palette, which would
 * lose the first keys typed.
 */
export function lazyNow<Props extends object>(load: () => Promise<{ default: ComponentType<Props> }>) {
  let Ready: ComponentType<Props> | undefined;
  const preload = () =>
    load().then((module) => {
      Ready = module.default;
    });
  const Waiting = lazy(load);
  const Component = (props: Props) => (Ready ? <Ready {...props} /> : <Waiting {...props} />);
  return Object.assign(Component, { preload });
}

/** Starts the given loads once the page has come to rest. Returns how to call it off. */
export function whenIdle(...loads: (() => Promise<unknown>)[]): () => void {
  const timer = setTimeout(() => {
    for (const load of loads) load().catch(() => {});
  }, 400);
  return () => clearTimeout(timer);
}
