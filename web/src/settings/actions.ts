/** What can be done to records, in the order in which it is told. */
const ACTIONS = ["read", "create", "update", "delete", "assign", "approve", "bulk", "import", "export", "configure"];

/** Known actions in their order, then those that are not known here. */
export const inUsualOrder = (actions: Iterable<string>): string[] => {
  const given = new Set(actions);
  return [...ACTIONS.filter((action) => given.has(action)), ...[...given].filter((action) => !ACTIONS.includes(action))];
};
