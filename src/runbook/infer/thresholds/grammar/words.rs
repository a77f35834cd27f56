//! The words that comparisons are made of, in a score of languages; verbs by their stems.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// What a word does in a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Turns it round.
    No,
    Above,
    Below,
    /// Gets there, which is enough.
    Reach,
    Most,
    Least,
    /// Or equal.
    Equal,
    Or,
    /// Moves, is or may, and says nothing of where: only behind a negation.
    Move,
    /// *Than*, articles, *about*.
    Little,
}

/// Whole words. English has its own place, since its words mean too much else.
const WORDS: &[(Part, &str)] = &[
    (
        Part::No,
        "nicht nie niemals kein keine keinen keinem keiner keines ohne ne pas jamais aucun aucune sans non no nunca jamás \
         ningún ninguna sin não nenhum nenhuma sem mai nessun nessuna senza niet nooit geen zonder inte aldrig ingen utan \
         ikke uden uten не ни никогда ніколи без nigdy żadnym bez nikdy nesmí nesmie nesmú nemá nu niciodată nem soha ei δεν μην \
         ποτέ لا لم لن όχι tidak jangan không 不 勿 未 不要 没有 沒有",
    ),
    (
        Part::Above,
        "über oberhalb mehr größer grösser höher länger dessus plus supérieur supérieure supérieurs supérieures encima más mayor mayores \
         superior superiores mais maior maiores acima più maggiore maggiori superiore superiori sopra oltre boven over meer \
         hoger groter langer trager langsamer älter ouder över mer mera mere större större längre lengre længere högre højere høyere flere fler ovan ovenfor powyżej ponad nad więcej większy \
         większa większe wyższy wyższa wyższe více vyšší větší viac vyšší väčší дольше медленнее старше выше более больше свыше вище понад більше \
         більш peste mare mult felett fölött több magasabb nagyobb yli enemmän suurempi korkeampi πάνω μεγαλύτερο \
         μεγαλύτερη περισσότερο أكثر أعلى أكبر فوق atas lebih trên cao hơn més sobre nhiều arriba fazla fazlası yüksek büyük 大于 高于 超过 多于 超出 大於 \
         高於 超過 多於",
    ),
    (
        Part::Below,
        "unter unterhalb weniger kleiner geringer niedriger tiefer dessous sous moins kürzer korter kortare kortere schneller sneller snabbare hurtigere rychlejší kratší короче быстрее inférieur inférieure inférieurs \
         inférieures debajo menor menores inferior inferiores menos abaixo minore minori inferiore inferiori sotto meno onder \
         beneden minder lager kleiner mindre lägre lavere færre färre færre poniżej pod mniej mniejszy mniejsza mniejsze niższy niższa \
         niższe méně nižší menší menej ниже менее меньше нижче менше менш sub alatt kevesebb kisebb alacsonyabb alle vähemmän \
         pienempi alhaisempi κάτω μικρότερο μικρότερη λιγότερο أقل تحت أدنى bawah kurang dưới thấp ít nhỏ menys sota abajo az düşük küçük 小于 低于 少于 小於 低於 少於 不足",
    ),
    (
        Part::Most,
        "höchstens maximal hoogstens hooguit maximaal högst højst høyst maks najwyżej maksymalnie maximálně nejvýše hooguit najviac максимум \
         legfeljebb enintään korkeintaan maksimal tối 至多 最多",
    ),
    (
        Part::Least,
        "mindestens wenigstens minstens minimaal minst mindst przynajmniej minimalnie alespoň nejméně minimálně минимум \
         щонайменше legalább vähintään aspoň najmenej 至少 最少",
    ),
    (
        Part::Equal,
        "gleich égal égale égaux égales igual iguales iguais uguale uguali gelijk lika lig lik równy równa równe równo rovno \
         rovný rovna равно равен равна равны дорівнює egal egală egyenlő yhtä ίσο ίση eşit 等于 等於",
    ),
    (
        Part::Or,
        "oder ou o of eller lub nebo alebo или або sau vagy tai ή أو atau hoặc veya ya 或 und et y e и en og och i ve",
    ),
    (
        Part::Move,
        "sein ist sind liegen liegt bleiben bleibt steigen steigt fallen fällt sinken sinkt gehen geht klettern werden wird \
         betragen beträgt kommen dürfen darf dürfte kann können soll sollen sollte sollten muss müssen zeit zeitpunkt fall \
         être est soit sont rester reste restent descendre descend descende tomber tombe monter monte passer passe aller \
         doit doivent devrait devraient peut peuvent moment cas instant ser estar es está sea esté quedar queda bajar baje \
         subir suba caer caiga cae llegar llegue pasar pase debe deben debería deberían puede pueden podrá deberá caso momento \
         deve devem deverá pode podem ficar fique cair caia descer desça passar essere è sia scendere scenda scende salire \
         salga restare resti rimanere rimanga devono dovrebbe può possono zijn is komen komt stijgen stijgt dalen daalt \
         zakken zakt gaan blijven blijft worden mag mogen moet moeten kan vara är bli ligga ligger stiga stiger sjunka \
         sjunker gå går falla faller få får måste ska skal skall bör bør være er blive ligge stige falde må może mogą \
         powinien powinna powinno powinny wolno być jest spaść spada spadać spadnie wzrosnąć wzrasta rosnąć \
         должен должна должно должны может могут быть является опускаться опускается падать падает расти подниматься \
         поднимается оставаться упасть вырасти выходить выходит следует може повинен повинна повинно повинні бути \
         падати опускатися smí může být je klesnout klesat stoupnout poklesnout byť klesnúť trebuie poate să fie fi scadă \
         crească lehet csökkenhet emelkedhet saa olla laskea nousta nousee πρέπει να είναι πέσει boleh turun naik được ist \
         hay haya habrá houver há gibt dauerhaft jemals durablement ever 能 应 可 得 允许 會 会 应该",
    ),
    (
        Part::Little,
        "als wie que de del di da do dos das du des à au aux a al alla allo ai agli dal niż než ako dari daripada decât чем ніж за dan än end enn \
         mint kuin ca el la los las il lo gli le les um un uma una os as den dem der die ein einen einem einer une een het circa \
         etwa rund ungefähr environ unos aproximadamente cerca около примерно около приблизно okolo ok około на у в po l' d' dell' all' auf von zu en por \
         na до من عن από than τα το",
    ),
];

/// Verbs by how they begin.
const STEMS: &[(Part, &str)] = &[
    (
        Part::Above,
        "überschreit überschritt übersteig überstieg dépass excèd excéd exced sobrepas rebas ultrapass ecced oltrepass overschrijd \
         overschreed overschred overstijg overskrid överskrid överstig overstig oversteg przekracz przekrocz przewyższ превыш превыс перевищ překroč překrač \
         přesáh přesah prekroč presiah depăș depăş meghalad ylitt ylittä υπερβ ξεπερ تتجاوز يتجاوز تجاوز melebihi vượt melampaui supera superen \
         supere superó superi superat superino 超过 超過 aşar aşmas aştı aşıl geçer geçmes geçti",
    ),
    (Part::Below, "unterschreit unterschritt onderschrijd underskrid understig alitta baje baja bajar baixar baixe"),
    (
        Part::Reach,
        "erreich atteint atteign alcanz alcanc atinj ating raggiung raggiunt bereik osiąg достиг досяг dosáhn dosahu elér saavutt \
         φτάσ 达到 達到 ulaşır ulaştı",
    ),
];

/// Adjectives that languages bend: `меншою`, `mniejszego`, `größeren`.
const BENT: &[(Part, &str)] = &[
    (
        Part::Above,
        "больш выш высок більш вищ больше понад большим мног wyższ większ vyšš větš väčš größer höher hoger groter större högre suurem korkeam magasabb nagyobb μεγαλύτερ υψηλότερ",
    ),
    (
        Part::Below,
        "меньш ниж менш нижч niższ mniejsz nižš menš geringer niedriger kleiner lager mindre pienem alhaisem alacsonyabb kisebb kevesebb μικρότερ χαμηλότερ λιγότερ",
    ),
];

/// Words that stand directly before a number without a *than*; `false` where only a unit behind the number makes it sure.
pub(super) fn stands_alone(word: &str) -> Option<bool> {
    const SURE: &str = "oberhalb unterhalb boven beneden över powyżej poniżej ponad выше ниже свыше более менее больше меньше вище \
        нижче понад peste felett fölött alatt acima abaixo πάνω κάτω bawah dưới أكثر أقل فوق تحت højst mindst maks najwyżej \
        legfeljebb legalább enintään vähintään alespoň aspoň maximálně minimálně hoogstens hooguit minstens korkeintaan 大于 高于 超过 多于 超出 大於 \
        高於 超過 多於 小于 低于 少于 小於 低於 少於 不足";
    const WITH_UNIT: &str = "onder nad pod sub sous dessus dessous encima debajo sopra sotto oltre yli alle atas trên superior inferior \
        über unter";
    let lower = lower(word);
    let has = |list: &str| list.split_whitespace().any(|w| w == lower);
    if has(SURE) {
        Some(true)
    } else if has(WITH_UNIT) {
        Some(false)
    } else {
        None
    }
}

/// Verbs that go past what a *de* introduces: `pasar de`, `passar dos`.
pub(super) fn passes(word: &str) -> bool {
    matches!(
        lower(word).as_ref(),
        "pasar" | "pase" | "pasa" | "pasen" | "passar" | "passe" | "passa" | "passem" | "passer" | "passi"
    )
}

/// Words that strengthen: `daha fazla`, `još više`.
pub(super) fn degree(word: &str) -> bool {
    matches!(word.to_lowercase().as_str(), "daha" | "mai" | "noch" | "nog" | "encore" | "da" | "en")
}

static WHOLE: LazyLock<HashMap<&'static str, Part>> = LazyLock::new(|| {
    let mut all = HashMap::new();
    for (part, words) in WORDS {
        for word in words.split_whitespace() {
            all.entry(word).or_insert(*part);
        }
    }
    all
});

/// What a word does, and whether it carries a negation besides: `n'excède`, `nepřekročí`.
pub(super) fn part(word: &str) -> Option<(bool, Part)> {
    let lower = lower(word);
    if let Some(part) = WHOLE.get(lower.as_ref()) {
        return Some((*part == Part::No, *part));
    }
    if let Some(part) = stem(&lower) {
        // `aşmamalı`, `geçmez`: Turkish denies within the verb.
        let denied = ["aşma", "geçme"]
            .iter()
            .any(|s| lower.strip_prefix(s).is_some_and(|rest| rest.starts_with(['m', 'y', 'd', 'z'])));
        return Some((denied, part));
    }
    if let Some(part) = begins(&BENT_BY_LETTER, &lower).filter(|_| lower.chars().count() <= 14) {
        return Some((false, part));
    }
    // `n'est`, `n'excède`, `nepřekročí`, `neklesne`, `不能`
    for no in ["n'", "ne", "不"] {
        if let Some(rest) = lower.strip_prefix(no).filter(|r| !r.is_empty()) {
            if let Some(part) = stem(rest) {
                return Some((true, part));
            }
            let known = WHOLE.get(rest).filter(|_| no != "ne");
            if let Some(part) = known {
                return Some((true, *part));
            }
        }
    }
    None
}

/// Whether it is a verb that says by itself that a number is passed or reached.
pub(super) fn is_verb(word: &str) -> bool {
    let lower = lower(word);
    let bare = ["n'", "ne", "不"].iter().find_map(|no| lower.strip_prefix(no)).unwrap_or(&lower);
    stem(&lower).is_some() || stem(bare).is_some()
}

/// Whether it is such a verb of a language that puts its verbs last: German, Dutch, Turkish.
pub(super) fn ends_clause(word: &str) -> bool {
    const LAST: &[&str] = &[
        "übersch",
        "überst",
        "untersch",
        "unterst",
        "erreich",
        "overschr",
        "onderschr",
        "overstij",
        "bereik",
        "aşa",
        "aşm",
        "aşt",
        "aşı",
        "geçe",
        "geçm",
        "geçt",
        "ulaş",
    ];
    let lower = lower(word);
    // `2 agent limiti aştı` tells what happened.
    !matches!(lower.as_ref(), "aştı" | "geçti")
        && LAST.iter().any(|stem| lower.starts_with(stem))
        && stem(&lower).is_some()
}

fn stem(word: &str) -> Option<Part> {
    begins(&VERBS_BY_LETTER, word)
}

fn begins(stems: &Stems, word: &str) -> Option<Part> {
    let known = stems.get(&word.chars().next()?)?;
    known.iter().find(|(stem, _)| word.starts_with(stem)).map(|(_, part)| *part)
}

/// Stems by their first letter.
type Stems = HashMap<char, Vec<(&'static str, Part)>>;

static VERBS_BY_LETTER: LazyLock<Stems> = LazyLock::new(|| by_letter(STEMS));
static BENT_BY_LETTER: LazyLock<Stems> = LazyLock::new(|| by_letter(BENT));

fn by_letter(list: &[(Part, &'static str)]) -> Stems {
    let mut all = Stems::new();
    for (part, stems) in list {
        for stem in stems.split_whitespace() {
            if let Some(first) = stem.chars().next() {
                all.entry(first).or_default().push((stem, *part));
            }
        }
    }
    all
}

fn lower(word: &str) -> Cow<'_, str> {
    if word.bytes().all(|b| b.is_ascii_lowercase()) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(word.to_lowercase().replace('’', "'"))
    }
}
