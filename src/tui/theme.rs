//! Colours by meaning: a theme is a palette and two dozen roles, read from TOML, with one theme inheriting from another.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use toml::de::{DeTable, DeValue};

/// Themes that ship with the program: name, file.
const BUILT_IN: [(&str, &str); 5] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("contrast", include_str!("../../themes/contrast.toml")),
    ("sixteen", include_str!("../../themes/sixteen.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident = $name:literal),+ $(,)?) => {
        /// What a colour means. A role gives any of foreground, background and weight; the rest shows through.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Role { $($(#[$doc])* $role),+ }

        impl Role {
            /// Every role, in the order of the shipped files.
            pub const ALL: &'static [Role] = &[$(Role::$role),+];

            /// Its name in a theme file.
            pub fn name(self) -> &'static str {
                match self { $(Role::$role => $name),+ }
            }
        }
    };
}

roles! {
    /// Ordinary text on the screen's own background.
    Text = "text",
    /// What the eye should find first.
    Strong = "strong",
    /// Titles of panes.
    Title = "title",
    /// Second in rank: owners, times.
    Dim = "dim",
    /// Third in rank: units, axes, column heads. Still legible.
    Faint = "faint",
    /// Thin rules; never text.
    Rule = "rule",
    /// Keys, the focused pane, what is yours.
    Accent = "accent",
    /// Healthy, done.
    Good = "good",
    /// Late, degraded, waiting.
    Warn = "warn",
    /// Down, failed, broken.
    Bad = "bad",
    /// Too old to be trusted.
    Stale = "stale",
    /// Events on charts.
    Marker = "marker",
    /// The selected row's background.
    Selected = "selected",
    /// Header and footer.
    Bar = "bar",
    /// Dialogs.
    Sheet = "sheet",
    /// The verdict's band when it is GO.
    BandGo = "band-go",
    /// The verdict's band when it is WAIT.
    BandWait = "band-wait",
    /// The verdict's band when it is NO-GO.
    BandNoGo = "band-no-go",
    /// The word GO.
    BadgeGo = "badge-go",
    /// The word WAIT.
    BadgeWait = "badge-wait",
    /// The word NO-GO.
    BadgeNoGo = "badge-no-go",
    /// The environment.
    Danger = "danger",
    /// What a find found.
    Match = "match",
    /// The text cursor.
    Cursor = "cursor",
}

/// The file of a built-in theme, to begin one's own with.
pub fn source(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}

/// A theme file of the user: where it lies and what it says. Its name is the file's stem.
#[derive(Clone, Debug)]
pub struct ThemeFile {
    /// For messages and, by its stem, the name.
    pub path: String,
    /// The TOML.
    pub text: String,
}

impl ThemeFile {
    /// The theme's name: the file's name without folder and ending.
    pub fn name(&self) -> &str {
        let file = self.path.rsplit(['/', '\\']).next().unwrap_or(&self.path);
        file.strip_suffix(".toml").unwrap_or(file)
    }
}

/// What is wrong with a theme.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// No such theme.
    #[error("there is no theme \"{name}\"; there are {known}")]
    Unknown {
        /// As asked for.
        name: String,
        /// The known names.
        known: String,
    },
    /// A file cannot be used.
    #[error("{path}:{line}: {what}")]
    File {
        /// The file.
        path: String,
        /// 1-based.
        line: usize,
        /// What is wrong and what to write.
        what: String,
    },
}

/// Resolved styles, one for each role.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    styles: Vec<Style>,
}

impl Default for Theme {
    /// The built-in dark theme.
    fn default() -> Self {
        Self::load("dark", &[]).unwrap_or_else(|_| Self { name: "plain".to_owned(), styles: Vec::new() })
    }
}

impl Theme {
    /// The theme of this name: the user's file of that name, else the built-in one. All mistakes are told at once.
    pub fn load(name: &str, user: &[ThemeFile]) -> Result<Self, Vec<ThemeError>> {
        let mut sources: Vec<Source> = Vec::new();
        let mut errors = Vec::new();
        let mut next = Some((name.to_owned(), None::<(String, usize)>));
        while let Some((wanted, child)) = next.take() {
            // A user's `dark.toml` that inherits "dark" refines the built-in one.
            let refines = sources.last().is_some_and(|s| s.name == wanted);
            let Some(source) = read(&wanted, if refines { &[] } else { user }, &mut errors) else {
                errors.push(unknown(&wanted, user, child));
                break;
            };
            if let (true, Some((path, line))) = (sources.iter().any(|s| s.path == source.path), child) {
                let what = format!("inherits \"{wanted}\", which inherits this theme; take one of the two out");
                errors.push(ThemeError::File { path, line, what });
                break;
            }
            next = source.inherits.clone().map(|(parent, line)| (parent, Some((source.path.clone(), line))));
            sources.push(source);
        }
        let mut palette = BTreeMap::new();
        for source in sources.iter().rev() {
            palette.extend(source.palette.iter().map(|(name, (color, _))| (name.clone(), *color)));
        }
        let mut styles = vec![Style::new(); Role::ALL.len()];
        let mut given = vec![false; Role::ALL.len()];
        for source in sources.iter().rev() {
            for (role, spec) in &source.roles {
                if let (Some(style), Some(seen)) = (styles.get_mut(*role), given.get_mut(*role)) {
                    *style = spec.resolve(&palette, &source.path, &mut errors);
                    *seen = true;
                }
            }
        }
        if let (true, Some(first)) = (errors.is_empty(), sources.first()) {
            for (role, _) in Role::ALL.iter().zip(given).filter(|(_, seen)| !seen) {
                errors.push(ThemeError::File {
                    path: first.path.clone(),
                    line: 1,
                    what: format!("gives no \"{}\"; add it under [roles] or write inherits = \"dark\"", role.name()),
                });
            }
        }
        if errors.is_empty() { Ok(Self { name: name.to_owned(), styles }) } else { Err(errors) }
    }

    /// Names that can be loaded: built in first, then the user's own.
    pub fn names(user: &[ThemeFile]) -> Vec<String> {
        let mut names: Vec<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
        names.extend(user.iter().map(|f| f.name().to_owned()).filter(|n| !BUILT_IN.iter().any(|(b, _)| b == n)));
        names
    }

    /// The TOML of a built-in theme, to begin one's own from.
    pub fn toml(name: &str) -> Option<&'static str> {
        BUILT_IN.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
    }

    /// The name after `name`, round and round; for a key that tries them all.
    pub fn next_name(name: &str, user: &[ThemeFile]) -> String {
        let names = Self::names(user);
        let at = names.iter().position(|n| n == name).map_or(0, |i| (i + 1) % names.len());
        names.get(at).cloned().unwrap_or_default()
    }

    /// The name of the theme for a terminal: no colours at all, the luminance of its background where it told one
    /// (0 black to 1 white), and whether it shows 24-bit colours.
    pub fn default_name(no_color: bool, background: Option<f64>, truecolor: bool) -> &'static str {
        match (no_color, truecolor, background) {
            (true, _, _) => "mono",
            (_, false, _) => "sixteen",
            (_, _, Some(luminance)) if luminance > 0.5 => "light",
            _ => "dark",
        }
    }

    /// The style of a role; to be patched over what lies under it.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }
}

/// A file as written.
struct Source {
    name: String,
    path: String,
    inherits: Option<(String, usize)>,
    palette: BTreeMap<String, (Color, usize)>,
    roles: Vec<(usize, Spec)>,
}

/// A role as written.
#[derive(Default)]
struct Spec {
    fg: Option<(String, usize)>,
    bg: Option<(String, usize)>,
    modifiers: Modifier,
}

impl Spec {
    fn resolve(&self, palette: &BTreeMap<String, Color>, path: &str, errors: &mut Vec<ThemeError>) -> Style {
        let mut find = |named: &Option<(String, usize)>| {
            let (name, line) = named.as_ref()?;
            let color = palette.get(name).copied().or_else(|| color(name));
            if color.is_none() {
                let what = format!(
                    "\"{name}\" is no colour; write one of [palette], a name such as \"red\" or \"bright-black\", or \"#rrggbb\""
                );
                errors.push(ThemeError::File { path: path.to_owned(), line: *line, what });
            }
            color
        };
        Style { fg: find(&self.fg), bg: find(&self.bg), ..Style::new().add_modifier(self.modifiers) }
    }
}

fn unknown(name: &str, user: &[ThemeFile], child: Option<(String, usize)>) -> ThemeError {
    let known = Theme::names(user).join(", ");
    match child {
        None => ThemeError::Unknown { name: name.to_owned(), known },
        Some((path, line)) => ThemeError::File {
            path,
            line,
            what: format!("inherits \"{name}\", which does not exist; there are {known}"),
        },
    }
}

/// The user's file of this name wins over the built-in one.
fn read(name: &str, user: &[ThemeFile], errors: &mut Vec<ThemeError>) -> Option<Source> {
    let (path, text) = if let Some(file) = user.iter().find(|f| f.name() == name) {
        (file.path.clone(), file.text.as_str())
    } else {
        (format!("built-in {name}.toml"), source(name)?)
    };
    Some(parse(name, path, text, errors))
}

fn parse(name: &str, path: String, text: &str, errors: &mut Vec<ThemeError>) -> Source {
    let line_of = |at: usize| text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
    let mut source =
        Source { name: name.to_owned(), path, inherits: None, palette: BTreeMap::new(), roles: Vec::new() };
    let mut wrong = Vec::new();
    let (table, broken) = DeTable::parse_recoverable(text);
    for error in &broken {
        wrong.push((error.span().map_or(1, |s| line_of(s.start)), error.message().to_owned()));
    }
    for (key, value) in table.get_ref() {
        let line = line_of(key.span().start);
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("inherits", DeValue::String(parent)) => source.inherits = Some((parent.to_string(), line)),
            ("palette", DeValue::Table(entries)) => {
                for (key, value) in entries {
                    let line = line_of(key.span().start);
                    match value.get_ref().as_str().map(|text| (text, color(text))) {
                        Some((_, Some(color))) => {
                            source.palette.insert(key.get_ref().to_string(), (color, line));
                        }
                        Some((text, None)) => wrong.push((
                            line,
                            format!("\"{text}\" is no colour; write \"#rrggbb\" or a name such as \"red\""),
                        )),
                        None => {
                            wrong.push((line, format!("{} must be a text, as in {0} = \"#rrggbb\"", key.get_ref())));
                        }
                    }
                }
            }
            ("roles", DeValue::Table(entries)) => {
                for (key, value) in entries {
                    let line = line_of(key.span().start);
                    let Some(role) = Role::ALL.iter().position(|r| r.name() == key.get_ref().as_ref()) else {
                        wrong.push((line, no_role(key.get_ref())));
                        continue;
                    };
                    match spec(value.get_ref(), line) {
                        Ok(spec) => source.roles.push((role, spec)),
                        Err(what) => wrong.push((line, what)),
                    }
                }
            }
            (key, _) => wrong.push((
                line,
                format!("\"{key}\" does not belong here; a theme has inherits = \"…\", [palette] and [roles]"),
            )),
        }
    }
    errors.extend(wrong.into_iter().map(|(line, what)| ThemeError::File { path: source.path.clone(), line, what }));
    source
}

fn no_role(name: &str) -> String {
    let near = Role::ALL
        .iter()
        .map(|r| (strsim::damerau_levenshtein(r.name(), name), r.name()))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    if let Some((_, near)) = near {
        return format!("there is no role \"{name}\"; did you mean \"{near}\"?");
    }
    let all: Vec<_> = Role::ALL.iter().map(|r| r.name()).collect();
    format!("there is no role \"{name}\"; there are {}", all.join(", "))
}

fn spec(value: &DeValue<'_>, line: usize) -> Result<Spec, String> {
    if let Some(fg) = value.as_str() {
        return Ok(Spec { fg: Some((fg.to_owned(), line)), ..Spec::default() });
    }
    let table = value.as_table().ok_or("a role is a colour or a table, as in { fg = \"ink\", bold = true }")?;
    let mut spec = Spec::default();
    for (key, value) in table {
        let modifier = match key.get_ref().as_ref() {
            "fg" | "bg" => {
                let color = value.get_ref().as_str().ok_or("fg and bg are texts, as in fg = \"ink\"")?;
                let place = Some((color.to_owned(), line));
                if key.get_ref() == "fg" {
                    spec.fg = place;
                } else {
                    spec.bg = place;
                }
                continue;
            }
            "bold" => Modifier::BOLD,
            "dim" => Modifier::DIM,
            "italic" => Modifier::ITALIC,
            "underline" => Modifier::UNDERLINED,
            "reverse" => Modifier::REVERSED,
            other => {
                return Err(format!("a role has no \"{other}\"; it has fg, bg, bold, dim, italic, underline, reverse"));
            }
        };
        match value.get_ref().as_bool() {
            Some(on) => spec.modifiers.set(modifier, on),
            None => return Err(format!("{} is true or false", key.get_ref())),
        }
    }
    Ok(spec)
}

/// `#rrggbb`, or one of the terminal's sixteen by name, or `default`.
fn color(text: &str) -> Option<Color> {
    if let Some(hex) = text.strip_prefix('#') {
        let rgb = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6)?;
        return Some(Color::from_u32(rgb));
    }
    Some(match text {
        "default" => Color::Reset,
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "white" => Color::Gray,
        "bright-black" => Color::DarkGray,
        "bright-red" => Color::LightRed,
        "bright-green" => Color::LightGreen,
        "bright-yellow" => Color::LightYellow,
        "bright-blue" => Color::LightBlue,
        "bright-magenta" => Color::LightMagenta,
        "bright-cyan" => Color::LightCyan,
        "bright-white" => Color::White,
        _ => return None,
    })
}
