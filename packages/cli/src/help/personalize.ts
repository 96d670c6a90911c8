/** The text of `--help` of `personalize`. */

export const PERSONALIZE = `Makes a file for each person of a list, in which a video addresses them by name. Needs no server and no network.

Usage: smileloop personalize --video base.mp4 --recipients people.csv [options]

The video is one in which somebody speaks, of at most 1920 × 1080 pixels and 5 minutes. The list is a CSV or XLSX file whose first row names
the columns. Files are called after the people, in any script.

Options:
      --video <file>          the video
      --recipients <file>     the list
      --outdir <folder>       where the files go, with report.csv (output)
      --insert-mode <tier>    silver: the sound with the name, MP3. gold: the name replaces what is said first. diamond: the same at its
                              own speed, with --lip-sync if asked. platinum: replaces placeholders, and the lips say them (silver)
      --name-position <where> of silver: start or end (start)
      --text <text>           what is said; {column} is what the row has there ({name})
      --lang <tag>            of the text, such as en or hi (by its script)
      --voice <name>          the voice, see smileloop voices (the language's)
      --speed <n>             how fast it speaks, 0.5 to 2 (1)
      --pronounce <w=s>       how a word is said: a respelling, or IPA between slashes; may be repeated
      --name-col <name>       the column of names (name)
      --phone-col <name>      the column of phone numbers (phone)
      --pronunciation-col <n> a column of how names are said (pronunciation)
      --placeholders <list>   of platinum: words of the video that are replaced, with commas (NAME1,NAME2)
      --base-text <text>      what is said in the video, word by word: placeholders are found by it
      --lip-sync              of diamond: the lips say the words
      --gap <s>               of diamond: silence after the words, seconds (0.12)
      --fit                   of diamond: words are fitted to the time of what they replace
      --face <n>              whose lips, 0 = the largest face (0)
      --label                 draws a sign that says "AI" where the lips say the words
      --intensity <n>         how strongly the lips move, 0 to 1.5 (1)
      --silence-db <dB>       what is below it is silence (-30)
      --silence-dur <s>       silence that is shorter belongs to what is said, seconds (0.3)
      --consent <why>         why the people shown may be shown so: self, permission or public_domain
      --dry-run               says which files would be made; nothing is said or encoded
      --preview <who>         makes the file of one: a name, or the number of a row as a spreadsheet has it
      --resume                makes only what is not there yet
  -f, --force                 overwrites files
      --json                  prints one JSON object on stdout, also for an error
  -q, --quiet                 no progress
  -h, --help                  this help

Exit code 1 and a list where a recipient has failed; the others have their files. Ctrl-C leaves what is finished; --resume goes on.
`;
