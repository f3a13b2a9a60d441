// A bandwidth limit that can change with the time of the week, as rclone's --bwlimit has it.

/** Bytes a second; null where there is no limit. */
export type Rate = number | null;

/** From a minute of the week on, a rate holds until the next one. Sorted by minute, never empty; the week is a circle. */
export type Timetable = readonly { readonly minuteOfWeek: number; readonly rate: Rate }[];

export const MINUTES_OF_DAY = 24 * 60;

/** @returns the rate that holds at `when`, by the local clock. */
export function rateAt(timetable: Timetable, when: Date): Rate {
  const minute = when.getDay() * MINUTES_OF_DAY + when.getHours() * 60 + when.getMinutes();
  // Before the first change of the week, the last one of the week before still holds.
  const begun = timetable.findLast(({ minuteOfWeek }) => minuteOfWeek <= minute) ?? timetable.at(-1)!;
  return begun.rate;
}

/** @returns the lower rate. */
export const lowerOf = (one: Rate, other: Rate): Rate =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);
