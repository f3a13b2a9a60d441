// Seeds that broke a promise once, with what was wrong then. What a seed does changes when the engine or the simulation
// does; a row is a run that was worth something, and costs a few milliseconds.

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
  [17, 'the preference for a holder outlived its conflict'],
];
