// What is said where server-b is away: what is shown of its side was true when it was last there.
export const START_B = 'Start it with "npx server-b".';

export const B_IS_AWAY = `Server-b is away: what is shown of side b is what was last known. ${START_B}`;
export const B_IS_UNKNOWN = `Server-b is away: nothing is known of side b yet. ${START_B}`;
export const WAITING_FOR_B = `Server-b is away; waiting for it. ${START_B}`;
