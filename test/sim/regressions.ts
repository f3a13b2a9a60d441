// Seeds that broke a promise once, with what was wrong then. What a seed does changes when the engine or the simulation
// does; a row is a run that was worth something, and costs a few milliseconds.

/** In the world with ends of locks, lines, thieves and guards, and other sides b (features.ts). */
export const WHOLE: readonly (readonly [seed: number, what: string])[] = [
  [500_002_218, 'bits that a user had given back to a guarded file went in a power cut, after their record had gone'],
  [433_000_377, 'what had been seen before a first contact was taken for shared after it: a deletion was undone'],
  [433_001_997, 'what was seen last before a power cut was behind the archive: a deletion was undone'],
  [
    500_014_022,
    'the simulation: what was forgotten along with its directory seemed to be in what a power cut left of the archive',
  ],
  [500_016_542, 'the simulation: what side b lost after its first look seemed never to have been there'],
  [432_000_363, 'the simulation: what is kept along with something unreadable, where a file was to come, was missed'],
  [500_032_381, 'the same'],
  [
    500_037_607,
    'what had been shared in a directory stayed in the archive where a file, and then another directory, took its place',
  ],
  [300_030_763, 'the simulation: a guard of an earlier connection came after the next one had given everything back'],
  [300_038_342, 'a deletion by the holder on side b took along what was saved there after it was decided'],
  [
    420_001_512,
    'the simulation: what came to side b in a first contact, and was removed there, was expected to stay on side a',
  ],
  [420_001_931, 'the same, where it was moved within a directory'],
  [420_006_930, 'who did not wait for several locks any longer lost one that another request had been granted, too'],
  [300_029_166, 'a directory that could not be made was tried without a pause, and its delay began anew each time'],
  [300_053_102, 'jobs were planned again and again at once over lanes that a new server-b refused'],
  [300_046_000, 'the same, and the halt that waited on the next connection came too late'],
  [300_045_536, 'the simulation: side b came to have half of what was shared, and a halt was expected still'],
  [408_696, 'a wish to discard, said before another side b came, deleted a file at the first contact with it'],
  [411_000_125, 'what a former side b had held took effect in a first contact, counted as shared, and was deleted'],
  [282, 'who had lost a lock was told so before that was on the disk'],
  [1397, 'what was saved after an unlock with --held discard was discarded too'],
  [200_001_099, 'what an older side b had never had was believed to be deleted there, and deleted on side a'],
  [
    300_012_631,
    'the simulation: another side b that its people made like the former one was expected to halt the pair',
  ],
  [300_002_475, 'work was planned again and again at once while server-b had begun anew and nobody had noticed'],
  [200_011_568, 'the simulation: an archive that a power cut had emptied was expected to know another side b'],
  [200_002_340, 'the simulation: who stood in line twice seemed to be served by his later place'],
  [200_002_682, 'the simulation: an empty file was taken for the one that was there before'],
  [200_000_791, 'the simulation: of two things that were wrong only the second was taken for confirmed'],
  [100_000_077, 'the simulation: a lock that was granted when a halt ended was called overdue'],
  [1818, 'the simulation: what went while it was looked at was in motion for ever'],
];

/** In the world with everything that is in features.ts. */
export const WIDE: readonly (readonly [seed: number, what: string])[] = [
  [600_025_739, 'a directory below a mount point was filled where side b could not tell at first what it had'],
];

/** In the plain world, as it was when they were found. */
export const REGRESSIONS: readonly (readonly [seed: number, what: string])[] = [
  [2, 'a look that overtook the outcome of a write was believed: a new file was deleted on the other side'],
  [160, 'bits that could not be set were forgotten as soon as the contents agreed, and in-sync was said'],
  [34, 'a lock that could not be written was taken back although it had been renewed meanwhile'],
  [52, 'a held update could not take effect where its directory was gone, and was tried for ever'],
  [69, 'in-sync was said after a look had failed'],
  [71, 'what waited for a directory that could not be made was forgotten when somebody else made it'],
  [337, 'marks that hit something in work were not counted: in-sync was said, a flush came back early'],
  [500, 'a look that failed forgot which paths it had been asked for'],
  [565, 'the archive kept what had been in a directory that was replaced'],
  [705, 'a move that failed was tried again without its source: the old name stayed'],
  [920, 'a power cut took the whole archive: it was never flushed'],
  [1002, 'a move into a directory that could not be made was forgotten'],
  [1279, 'server-b went on with the work of a connection that was over, after all had been told to the next one'],
  [1306, 'a held update of what had become a directory was tried for ever as one step'],
  [2443, 'what a user put below a path that was being deleted was forgotten with it'],
  [122360, 'what one side had deleted from a directory came back with the directory'],
  [129018, 'a path that was not as expected was forgotten before it was looked at again'],
  [129155, 'what was asked for below an unreadable directory was never told'],
  [1_000_113, 'a save in place that reached a conflict copy too was taken for what had been there'],
  [1_000_026, 'in-sync was said while the bits of a directory were still to be carried'],
  [1_000_493, 'the simulation: what came back with a directory that was kept whole in a conflict was called a fault'],
  [1_000_921, 'the simulation: a lock that was given back before it was answered was missed after a power cut'],
  [1_002_914, 'a directory that went and came while something was written in it seemed to have kept what it had'],
  [
    2_103_089,
    'the simulation: a file that a power cut left under two names was edited by one, and the other had no look yet',
  ],
  [2_105_311, 'the simulation: what server-b had seen after its connection was gone was held against server-a'],
  [2_106_445, 'the same, where server-b had been killed and looked again before server-a knew'],
  [3_101_997, 'what was asked for by name and could not be seen was never told: a directory stayed on one side'],
  [3_109_333, 'a flush came back while a job of an earlier connection was still writing on side a'],
  [3_207_314, 'the first look after a reconnection was believed although an unlock had been carried out meanwhile'],
  [4_009_019, 'work was planned again and again at once over a connection that was being closed'],
  [4_004_162, 'the simulation: what a conflict copy kept had been replaced under that very name before'],
  [4_101_325, 'a flush waited for a look at everything that failed, and was satisfied with one at a hint'],
  [4_200_388, 'the simulation: the lock of a file that its owner renames goes along with it'],
  [4_305_328, 'a held update that had failed once waited for a retry that was called off'],
  [4_301_614, 'the simulation: a lock that was asked for still when its owner had the file renamed went along unseen'],
  [20_026_169, 'what could not be seen in a directory that was made anew was forgotten, and came back as new'],
  [
    21_011_371,
    'the simulation: what a power cut brought back under a lock was held, and survived its deletion by the holder',
  ],
  [22_000_942, 'the simulation: what came to where the same content had been was no change of its times'],
  [22_012_777, 'what an earlier connection was still deleting was made at the same time: which came last, nobody knew'],
  [
    22_000_466,
    'a name that a killed server had given was believed, and a power cut that took it back looked like a deletion',
  ],
  [24_012_826, 'a directory went and came, and what had been in it on both sides was not compared'],
  [24_010_701, 'the lock of another went along with a file that had taken the place of its directory'],
  [
    25_001_874,
    'the simulation: side b, which had forgotten in a power cut what it saw last, was believed for a moment',
  ],
  [30_085_456, 'the simulation: both people renamed a file alike, and one took it back while nobody could see'],
  [17, 'the preference for a holder outlived its conflict'],
];
