//! Events of the Markdown parser to blocks, items and lists, with their lines.

use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};

use super::html::{HTML_TAGS, tag_name};
use super::{Block, Doc, Kind, List, ListItem, RichLine, Row, Span, one_line};
use crate::runbook::source::Source;

pub(super) struct Reader<'s> {
    source: &'s Source,
    doc: Doc,
    lists: Vec<usize>,
    items: Vec<usize>,
    /// The block that text goes into.
    open: Option<Block>,
    /// Whether the innermost item has had no content yet.
    fresh: bool,
    bold: u32,
    link: u32,
    /// Text before this offset is the box's marker.
    skip_to: usize,
}

impl<'s> Reader<'s> {
    /// A reader of nothing yet.
    pub(super) fn new(source: &'s Source) -> Self {
        Self {
            source,
            doc: Doc::default(),
            lists: vec![],
            items: vec![],
            open: None,
            fresh: false,
            bold: 0,
            link: 0,
            skip_to: 0,
        }
    }

    /// What was read, when there is no more.
    pub(super) fn finish(mut self) -> Doc {
        self.close();
        self.doc
    }

    pub(super) fn event(&mut self, event: Event<'_>, from: usize, to: usize) {
        match event {
            Event::Start(tag) => self.start(tag, from, to),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.text(&text, from, to);
            }
            Event::SoftBreak | Event::HardBreak => {
                let line = self.source.line(to);
                let wrapped = matches!(event, Event::SoftBreak);
                if let Some(open) = &mut self.open {
                    open.rich.push(RichLine { line, spans: vec![], wrapped });
                }
            }
            Event::InlineHtml(html) => self.inline_html(&html, from, to),
            Event::Html(html) => {
                if let Some(open) = &mut self.open {
                    let span = Span { text: html.into_string(), bold: false, link: false };
                    open.rich.push(RichLine { line: self.source.line(from), spans: vec![span], wrapped: false });
                }
            }
            Event::FootnoteReference(_) => self.inline(from),
            Event::Rule => {
                self.close();
                self.fresh = false;
                let block = self.block(Kind::Rule, from, to);
                self.doc.blocks.push(block);
            }
            Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, from: usize, to: usize) {
        let mut last = self.last_line(from, to);
        let kind = match tag {
            Tag::Emphasis | Tag::Strikethrough | Tag::Superscript | Tag::Subscript => return self.inline(from),
            Tag::Strong => {
                self.inline(from);
                self.bold += 1;
                return;
            }
            Tag::Link { .. } | Tag::Image { .. } => {
                self.inline(from);
                self.link += 1;
                return;
            }
            Tag::TableHead | Tag::TableRow => {
                let line = self.source.line(from);
                if let Some(Block { kind: Kind::Table(rows), .. }) = &mut self.open {
                    rows.push(Row { line, cells: vec![] });
                }
                return;
            }
            Tag::TableCell => return,
            Tag::Paragraph => {
                self.close();
                return self.paragraph(from, to);
            }
            Tag::List(number) => {
                self.close();
                let list = List {
                    ordered: number.is_some(),
                    start: number.unwrap_or(0),
                    parent: self.items.last().copied(),
                    at: self.doc.blocks.len(),
                    items: vec![],
                };
                self.lists.push(self.doc.lists.len());
                self.doc.lists.push(list);
                self.fresh = false;
                return;
            }
            Tag::Item => return self.item(from, to),
            Tag::Heading { level, .. } => Kind::Heading(level as u8),
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                let lang = info.split_whitespace().next().map(str::to_lowercase);
                // Blank lines belong to a fence that was never closed.
                let ends_line = self.source.parsed.get(from..to).is_some_and(|t| t.ends_with('\n'));
                last = self.source.line((to - usize::from(ends_line)).max(from));
                Kind::Fence { lang, text: String::new() }
            }
            Tag::CodeBlock(CodeBlockKind::Indented) => Kind::Indented(String::new()),
            Tag::Table(_) => Kind::Table(vec![]),
            Tag::HtmlBlock => Kind::Html,
            _ => {
                self.close();
                self.fresh = false;
                return;
            }
        };
        self.close();
        self.fresh = false;
        let block = self.block(kind, from, to);
        self.open = Some(Block { last: last.max(block.first), ..block });
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong => self.bold = self.bold.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => self.link = self.link.saturating_sub(1),
            TagEnd::TableCell => {
                if let Some(Block { kind: Kind::Table(rows), rich, .. }) = &mut self.open
                    && let Some(row) = rows.last_mut()
                {
                    let parts = rich.drain(..).flat_map(|l| l.spans).map(|s| s.text).collect::<Vec<_>>();
                    row.cells.push(one_line(parts.iter().map(String::as_str)));
                }
            }
            TagEnd::Emphasis
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::TableHead
            | TagEnd::TableRow => {}
            TagEnd::List(_) => {
                self.close();
                self.lists.pop();
            }
            TagEnd::Item => {
                self.close();
                self.items.pop();
                self.fresh = false;
            }
            _ => self.close(),
        }
    }

    fn item(&mut self, from: usize, to: usize) {
        self.close();
        let Some(list) = self.lists.last().copied() else { return };
        let ix = self.doc.items.len();
        let ordered = self.doc.lists.get(list).is_some_and(|l| l.ordered);
        self.doc.items.push(ListItem {
            line: self.source.line(from + blanks(self.source, from)),
            last: self.last_line(from, to),
            list,
            ordered,
            parent: self.items.last().copied(),
            depth: self.items.len() as u32,
            task: None,
            id: None,
            wish: None,
            text: None,
        });
        if let Some(list) = self.doc.lists.get_mut(list) {
            list.items.push(ix);
        }
        self.items.push(ix);
        self.fresh = true;
    }

    /// Makes sure there is a block for inline content; in tight lists nothing announces the paragraph.
    fn inline(&mut self, from: usize) {
        if self.open.is_none() {
            self.paragraph(from, from);
        }
    }

    fn paragraph(&mut self, from: usize, to: usize) {
        let mut block = self.block(Kind::Paragraph, from, to);
        block.rich.push(RichLine { line: block.first, spans: vec![], wrapped: false });
        if std::mem::take(&mut self.fresh) {
            let at = self.doc.blocks.len();
            let marker = task_marker(&self.source.parsed, from);
            if let Some(item) = self.items.last().and_then(|i| self.doc.items.get_mut(*i)) {
                item.text = Some(at);
                item.task = marker;
            }
            if marker.is_some() {
                self.skip_to = from + 3;
            }
        }
        self.open = Some(block);
    }

    fn text(&mut self, text: &str, from: usize, to: usize) {
        self.inline(from);
        if to <= self.skip_to {
            return;
        }
        let text = if from < self.skip_to { self.source.parsed.get(self.skip_to..to).unwrap_or(text) } else { text };
        let line = self.source.line(from);
        let (bold, link) = (self.bold > 0, self.link > 0);
        let Some(open) = &mut self.open else { return };
        match &mut open.kind {
            Kind::Fence { text: code, .. } | Kind::Indented(code) => code.push_str(text),
            _ => {
                if open.rich.is_empty() {
                    open.rich.push(RichLine { line, spans: vec![], wrapped: false });
                }
                if let Some(last) = open.rich.last_mut() {
                    match last.spans.last_mut() {
                        Some(span) if span.bold == bold && span.link == link => span.text.push_str(text),
                        _ => last.spans.push(Span { text: text.to_owned(), bold, link }),
                    }
                }
            }
        }
    }

    fn inline_html(&mut self, html: &str, from: usize, to: usize) {
        self.inline(from);
        if html.starts_with("<!--") {
            self.comment(html);
            self.doc.comments.push((self.source.line(from), self.last_line(from, to)));
        } else if let Some(name) = tag_name(html) {
            if name == "br" {
                self.text(" ", from, to);
            } else if !HTML_TAGS.contains(&name.as_str()) {
                self.text(html, from, to);
            }
        }
    }

    /// A comment may name the step it stands in, or say whether it is one.
    fn comment(&mut self, html: &str) {
        let inner = html.trim_start_matches("<!--").trim_end_matches("-->").trim();
        let wish = match inner {
            "step" => Some(true),
            "not a step" | "not-a-step" | "no step" => Some(false),
            _ => None,
        };
        let Some(item) = self.items.last().and_then(|i| self.doc.items.get_mut(*i)) else {
            // Outside of lists it speaks of the paragraph that it stands in.
            if let Some(open) = self.open.as_mut().filter(|b| wish.is_some() && matches!(b.kind, Kind::Paragraph)) {
                open.wish = wish;
            }
            return;
        };
        match wish {
            Some(_) => item.wish = wish,
            None => {
                if let Some(id) = inner.strip_prefix("id:").map(str::trim)
                    && !id.is_empty()
                    && id.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/'))
                {
                    item.id = Some(id.to_owned());
                }
            }
        }
    }

    fn block(&self, kind: Kind, from: usize, to: usize) -> Block {
        let from = from + blanks(self.source, from);
        Block {
            kind,
            first: self.source.line(from),
            last: self.last_line(from, to),
            item: self.items.last().copied(),
            rich: vec![],
            plain: String::new(),
            wish: None,
        }
    }

    /// Ends the open block.
    fn close(&mut self) {
        let Some(mut block) = self.open.take() else { return };
        if let Some(line) = block.rich.last() {
            block.last = block.last.max(line.line);
        }
        if matches!(block.kind, Kind::Html) {
            let html: String = block.rich.iter().flat_map(|l| l.spans.iter()).map(|s| s.text.as_str()).collect();
            let html = html.trim();
            if html.starts_with("<!--") {
                self.comment(html);
                if html.find("-->").is_none_or(|end| end + 3 == html.len()) {
                    self.doc.comments.push((block.first, block.last));
                }
            }
        }
        block.plain = one_line(block.rich.iter().flat_map(|l| l.spans.iter().map(|s| s.text.as_str()).chain([" "])));
        if let Some(item) = block.item.and_then(|i| self.doc.items.get_mut(i))
            && item.task.is_some()
            && item.text == Some(self.doc.blocks.len())
            && block.plain().is_empty()
        {
            item.task = None; // a box without text is no task
        }
        self.doc.blocks.push(block);
    }

    /// The line of the last byte of a range that is no line end.
    fn last_line(&self, from: usize, to: usize) -> u32 {
        let text = self.source.parsed.get(from..to).unwrap_or_default();
        self.source.line(from + text.trim_end_matches('\n').len().saturating_sub(1))
    }
}

/// The box at `from`: `[ ]`, `[x]` or `[X]` and a blank on the same line, as GitHub's renderer has it.
fn task_marker(text: &str, from: usize) -> Option<bool> {
    if text.get(..from)?.ends_with('\\') {
        return None;
    }
    match text.as_bytes().get(from..from + 4)? {
        [b'[', state, b']', b' ' | b'\t' | 0x0b | 0x0c] => match state {
            b' ' => Some(false),
            b'x' | b'X' => Some(true),
            _ => None,
        },
        _ => None,
    }
}

/// Blanks at `from`, so that a block begins at its first character.
fn blanks(source: &Source, from: usize) -> usize {
    let rest = source.parsed.get(from..).unwrap_or_default();
    rest.bytes().take_while(|b| matches!(b, b' ' | b'\t' | b'\n')).count()
}
