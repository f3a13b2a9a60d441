// What was dropped on the page or chosen: files, and directories with all that is in them, by their paths.
import type { Wanted } from './uploads.js';

/** @param folder where they go, with a slash at its end or ''. */
export function chosenFiles(list: Iterable<File>, folder: string): readonly Wanted[] {
  return Array.from(list, (file) => ({ path: folder + (file.webkitRelativePath || file.name), file }));
}

/** @returns all files in what was dropped. The items are gone when the event is over, so they are taken before anything waits. */
export async function droppedFiles(data: DataTransfer, folder: string): Promise<readonly Wanted[]> {
  const entries = Array.from(data.items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return chosenFiles(data.files, folder);
  const found: Wanted[] = [];
  for (const entry of entries) await collect(entry, folder, found);
  return found;
}

async function collect(entry: FileSystemEntry, folder: string, found: Wanted[]): Promise<void> {
  const path = folder + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const below of some) await collect(below, `${path}/`, found);
  }
}
