/** The languages that are offered of those that eSpeak NG speaks: the ones in use, whose script it reads. */

/** `tags`: BCP 47, the usual one first. `speaker`: as eSpeak calls it. `sample`: a greeting. `own`: Latin letters beyond Latin-1 that it reads. */
export type EspeakLanguage = {
  tags: readonly string[];
  speaker: string;
  title: string;
  scripts: readonly string[];
  sample: string;
  own: string;
};

/** `tags | speaker | title | scripts | sample | own letters`; the script is Latin where none is named. */
const TABLE = `
af | af | Afrikaans | | Hallo, hoe gaan dit met jou? |
am | am | Amharic | Ethiopic | ሰላም፣ እንዴት ነህ? |
ar | ar | Arabic | Arabic | مرحبا، كيف حالك؟ |
as | as | Assamese | Bengali | নমস্কাৰ, আপোনাৰ কেনে? |
az | az | Azerbaijani | | Salam, necəsən? | əğış
be | be | Belarusian | Cyrillic | Прывітанне, як справы? |
bg | bg | Bulgarian | Cyrillic | Здравейте, как сте? |
bn | bn | Bengali | Bengali | নমস্কার, আপনি কেমন আছেন? |
bs | bs | Bosnian | | Zdravo, kako ste? | čćđšž
ca | ca | Catalan | | Hola, com estàs? |
cmn,zh,zh-CN,zh-Hans | cmn | Chinese (Mandarin) | Han | 你好，你今天好吗？ |
cs | cs | Czech | | Dobrý den, jak se máte? | čďěňřšťůž
cy | cy | Welsh | | Helo, sut wyt ti? | ŵŷ
da | da | Danish | | Hej, hvordan har du det? |
de | de | German | | Guten Tag, wie geht es Ihnen? |
el | el | Greek | Greek | Καλημέρα, τι κάνετε; |
en-GB-scotland | en-gb-scotland | English (Scotland) | | Hello, how are you today? |
en-029 | en-029 | English (Caribbean) | | Hello, how are you today? |
eo | eo | Esperanto | | Saluton, kiel vi fartas? | ĉĝĥĵŝŭ
es,es-ES | es | Spanish (Spain) | | Hola, ¿cómo estás? |
es-419,es-MX,es-US | es-419 | Spanish (Latin America) | | Hola, ¿cómo estás? |
et | et | Estonian | | Tere, kuidas läheb? | šž
eu | eu | Basque | | Kaixo, zer moduz zaude? |
fa | fa | Persian | Arabic | سلام، حال شما چطور است؟ |
fi | fi | Finnish | | Hei, mitä kuuluu? | šž
fr,fr-FR | fr | French (France) | | Bonjour, comment allez-vous ? | œ
fr-BE | fr-be | French (Belgium) | | Bonjour, comment allez-vous ? | œ
fr-CH | fr-ch | French (Switzerland) | | Bonjour, comment allez-vous ? | œ
ga | ga | Irish | | Dia duit, conas atá tú? |
gd | gd | Scottish Gaelic | | Halò, ciamar a tha thu? |
gu | gu | Gujarati | Gujarati | નમસ્તે, તમે કેમ છો? |
he | he | Hebrew | Hebrew | שלום, מה שלומך? |
hi | hi | Hindi | Devanagari | नमस्ते, आप कैसे हैं? |
hr | hr | Croatian | | Dobar dan, kako ste? | čćđšž
ht | ht | Haitian Creole | | Bonjou, kijan ou ye? |
hu | hu | Hungarian | | Jó napot, hogy van? | őű
hy | hy | Armenian | Armenian | Բարև, ինչպե՞ս եք։ |
id | id | Indonesian | | Halo, apa kabar? |
is | is | Icelandic | | Halló, hvernig hefur þú það? |
it | it | Italian | | Buongiorno, come sta? |
ja | ja | Japanese (kana only) | Hiragana,Katakana | こんにちは、おげんきですか。 |
ka | ka | Georgian | Georgian | გამარჯობა, როგორ ხართ? |
kk | kk | Kazakh | Cyrillic | Сәлеметсіз бе, қалайсыз? |
kn | kn | Kannada | Kannada | ನಮಸ್ಕಾರ, ನೀವು ಹೇಗಿದ್ದೀರಿ? |
ko | ko | Korean | Hangul | 안녕하세요, 어떻게 지내세요? |
kok | kok | Konkani | Devanagari | नमस्कार, तूं कसो आसा? |
ku | ku | Kurdish | | Silav, tu çawa yî? | ş
ky | ky | Kyrgyz | Cyrillic | Салам, кандайсыз? |
la | la | Latin | | Salve, quid agis? | āēīōū
lb | lb | Luxembourgish | | Moien, wéi geet et Iech? |
lt | lt | Lithuanian | | Laba diena, kaip sekasi? | ąčęėįšųūž
lv | lv | Latvian | | Labdien, kā jums klājas? | āčēģīķļņšūž
mi | mi | Māori | | Kia ora, kei te pēhea koe? | āēīōū
mk | mk | Macedonian | Cyrillic | Здраво, како сте? |
ml | ml | Malayalam | Malayalam | നമസ്കാരം, സുഖമാണോ? |
mr | mr | Marathi | Devanagari | नमस्कार, तुम्ही कसे आहात? |
ms | ms | Malay | | Helo, apa khabar? |
mt | mt | Maltese | | Bonġu, kif int? | ċġħż
nb,no,nn | nb | Norwegian (Bokmål) | | Hei, hvordan har du det? |
ne | ne | Nepali | Devanagari | नमस्ते, तपाईंलाई कस्तो छ? |
nl | nl | Dutch | | Goedendag, hoe gaat het met u? |
om | om | Oromo | | Akkam, nagaa dha? |
or | or | Odia | Oriya | ନମସ୍କାର, ଆପଣ କେମିତି ଅଛନ୍ତି? |
pa | pa | Punjabi | Gurmukhi | ਸਤ ਸ੍ਰੀ ਅਕਾਲ, ਤੁਸੀਂ ਕਿਵੇਂ ਹੋ? |
pl | pl | Polish | | Dzień dobry, jak się masz? | ąćęłńśźż
pt-BR,pt | pt-br | Portuguese (Brazil) | | Olá, como vai você? |
pt-PT | pt | Portuguese (Portugal) | | Olá, como está? |
ro | ro | Romanian | | Bună ziua, ce mai faceți? | ăâîșțşţ
ru | ru | Russian | Cyrillic | Здравствуйте, как дела? |
sd | sd | Sindhi | Arabic | سلام، توهان ڪيئن آهيو؟ |
si | si | Sinhala | Sinhala | ආයුබෝවන්, කොහොමද? |
sk | sk | Slovak | | Dobrý deň, ako sa máte? | čďĺľňŕšťž
sl | sl | Slovenian | | Dober dan, kako ste? | čšž
sq | sq | Albanian | | Përshëndetje, si jeni? |
sr | sr | Serbian | Latin,Cyrillic | Здраво, како сте? | čćđšž
sv | sv | Swedish | | Hej, hur mår du? |
sw | sw | Swahili | | Habari, hujambo? |
ta | ta | Tamil | Tamil | வணக்கம், எப்படி இருக்கிறீர்கள்? |
te | te | Telugu | Telugu | నమస్కారం, మీరు ఎలా ఉన్నారు? |
tn | tn | Setswana | | Dumela, o tsogile jang? |
tr | tr | Turkish | | Merhaba, nasılsınız? | ğış
tt | tt | Tatar | Cyrillic | Сәлам, хәлләр ничек? |
uk | uk | Ukrainian | Cyrillic | Вітаю, як справи? |
ur | ur | Urdu | Arabic | السلام علیکم، آپ کیسے ہیں؟ |
uz | uz | Uzbek | | Salom, qalaysiz? |
vi | vi | Vietnamese | | Xin chào, bạn có khỏe không? | ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹĩũ
yue,zh-HK,zh-yue | yue | Chinese (Cantonese) | Han | 你好，你今日好嗎？ |
`;

export const ESPEAK_LANGUAGES: readonly EspeakLanguage[] = TABLE.trim()
  .split("\n")
  .map((row) => {
    const [tags = "", speaker = "", title = "", scripts = "", sample = "", own = ""] = row
      .split("|")
      .map((cell) => cell.trim());
    return {
      tags: tags.split(","),
      speaker,
      title,
      scripts: scripts === "" ? ["Latin"] : scripts.split(","),
      sample,
      own,
    };
  });

/** Scripts whose words are not set apart by spaces. */
export const UNSPACED = ["Han", "Hiragana", "Katakana"];
