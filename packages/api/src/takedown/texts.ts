/** The words of the form for takedowns, in the languages of the web page. */
export type TakedownTexts = Record<
  | "language"
  | "title"
  | "lead"
  | "what"
  | "intimate"
  | "minor"
  | "other"
  | "link"
  | "file"
  | "statement"
  | "contact"
  | "name"
  | "good_faith"
  | "send"
  | "kept"
  | "received"
  | "number"
  | "due",
  string
>;

export const TAKEDOWN_TEXTS: Readonly<Record<string, TakedownTexts>> = {
  en: {
    language: "English",
    title: "Have something taken down",
    lead: "For people who are shown, and for those who act for them. You do not need an account.",
    what: "What does it show?",
    intimate: "Somebody intimately, without their consent",
    minor: "Somebody under 18 in a harmful way",
    other: "Something else that should not be here",
    link: "Link to it (a link to the file on this server works best)",
    file: "Or the picture or video itself; it is compared and not kept",
    statement: "What happened, and who is shown",
    contact: "How we can reach you",
    name: "Your name, as your signature",
    good_faith: "I state in good faith that this is true and that I am the person shown or may act for them.",
    send: "Send",
    kept: "The operator sees what you write here. It is kept until 90 days after the decision.",
    received: "We have received it",
    number: "Your number",
    due: "The operator decides by",
  },
  de: {
    language: "Deutsch",
    title: "Etwas entfernen lassen",
    lead: "Für Menschen, die gezeigt werden, oder wer für sie handelt. Ein Konto ist nicht nötig.",
    what: "Was ist zu sehen?",
    intimate: "Jemand intim, ohne Einverständnis",
    minor: "Jemand unter 18 Jahren auf schädliche Weise",
    other: "Etwas anderes, das hier nicht sein sollte",
    link: "Link dorthin (am besten zur Datei auf diesem Server)",
    file: "Oder das Bild oder Video selbst; es wird verglichen und nicht behalten",
    statement: "Was geschehen ist und wer zu sehen ist",
    contact: "Wie wir Sie erreichen",
    name: "Ihr Name, als Unterschrift",
    good_faith:
      "Ich versichere nach bestem Wissen, dass dies stimmt und dass ich zu sehen bin oder für die Person handeln darf.",
    send: "Absenden",
    kept: "Wer den Server betreibt, liest, was Sie hier schreiben. Es wird bis 90 Tage nach der Entscheidung behalten.",
    received: "Wir haben es erhalten",
    number: "Ihre Nummer",
    due: "Entschieden wird bis",
  },
  hi: {
    language: "हिन्दी",
    title: "कुछ हटवाएँ",
    lead: "उनके लिए जो दिखाए गए हैं, या जो उनकी ओर से लिखते हैं। खाता ज़रूरी नहीं।",
    what: "इसमें क्या दिखता है?",
    intimate: "किसी का निजी दृश्य, बिना सहमति के",
    minor: "18 साल से कम उम्र का कोई, हानिकारक ढंग से",
    other: "कुछ और जो यहाँ नहीं होना चाहिए",
    link: "उसका लिंक (इस सर्वर पर फ़ाइल का लिंक सबसे अच्छा है)",
    file: "या तस्वीर या वीडियो ही; उसकी तुलना होती है, वह रखी नहीं जाती",
    statement: "क्या हुआ, और कौन दिखता है",
    contact: "हम आपसे कैसे संपर्क करें",
    name: "आपका नाम, हस्ताक्षर के रूप में",
    good_faith: "मैं सद्भाव से कहता/कहती हूँ कि यह सच है और दिखने वाला व्यक्ति मैं हूँ या उसकी ओर से लिख सकता/सकती हूँ।",
    send: "भेजें",
    kept: "सर्वर चलाने वाले आपका लिखा पढ़ते हैं। यह फ़ैसले के 90 दिन बाद तक रखा जाता है।",
    received: "हमें मिल गया",
    number: "आपकी संख्या",
    due: "फ़ैसला इस समय तक",
  },
  ar: {
    language: "العربية",
    title: "طلب إزالة محتوى",
    lead: "لمن يظهر فيه أو من ينوب عنه. لا حاجة إلى حساب.",
    what: "ماذا يُظهر؟",
    intimate: "شخصًا في وضع حميم دون موافقته",
    minor: "شخصًا دون 18 عامًا بشكل مؤذٍ",
    other: "شيئًا آخر لا ينبغي أن يكون هنا",
    link: "الرابط (والأفضل رابط الملف على هذا الخادم)",
    file: "أو الصورة أو الفيديو نفسه؛ يُقارن ولا يُحتفظ به",
    statement: "ماذا حدث، ومن يظهر",
    contact: "كيف نتواصل معك",
    name: "اسمك، بمثابة توقيع",
    good_faith: "أصرّح بحسن نية أن هذا صحيح وأنني من يظهر فيه أو يحق لي أن أنوب عنه.",
    send: "إرسال",
    kept: "يقرأ مشغّل الخادم ما تكتبه هنا، ويُحتفظ به حتى 90 يومًا بعد القرار.",
    received: "وصلنا طلبك",
    number: "رقمك",
    due: "يُتخذ القرار قبل",
  },
};
