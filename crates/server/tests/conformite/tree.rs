//! A request as a tree, so that a row of a table can say what it changes by the field's path.

use serde_json::Value;
use xmlsec::{Document, Node};

use crate::harness::answers;

pub(crate) const PA: &str = "urn:viatrajectoire:ws:pa:1";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// An element.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    name: String,
    namespace: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Tree>,
}

/// What a row does to one element.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Takes it away.
    Absent,
    /// `<X/>`
    Empty,
    /// `<X xsi:nil="…">`, its content left where it is.
    Nil(&'static str),
    /// Nothing but white space in it.
    Blank,
    /// Gives it this text alone.
    Text(String),
    /// The text it has, white space around it.
    Padded,
    /// The same element once more, beside it.
    Twice,
    /// XML after its last child.
    Append(String),
    /// Its children from the last to the first.
    Reversed,
    /// Another namespace, so that it is not ours any more.
    Foreign,
    /// An attribute of no namespace.
    Attribute,
}

impl Tree {
    /// Reads XML whose elements are ours unless they say otherwise.
    pub(crate) fn read(xml: &str) -> Self {
        let whole = format!("<whole xmlns=\"{PA}\" xmlns:xsi=\"{XSI}\">{xml}</whole>");
        let document = Document::parse(whole.as_bytes(), &answers()).unwrap();
        Self::of(document.root()).children.into_iter().next().unwrap()
    }

    /// Changes the element at `path`: `Demandeur.Contacts[2].Type[1]` as the messages write it, `/` before the
    /// operation's own parameters, `/` alone for the operation.
    pub(crate) fn change(&mut self, path: &str, change: Change) {
        let steps = steps(path);
        let Some((last, above)) = steps.split_last() else { return self.apply(change, path) };
        let parent = above.iter().fold(self, |tree, step| tree.go(step, path));
        let place = parent.place(last, path);
        match change {
            Change::Absent => drop(parent.children.remove(place)),
            Change::Twice => {
                let copy = parent.children[place].clone();
                parent.children.insert(place + 1, copy);
            }
            change => parent.children[place].apply(change, path),
        }
    }

    /// The same request but for one [`change`](Self::change).
    pub(crate) fn with(mut self, path: &str, change: Change) -> Self {
        self.change(path, change);
        self
    }

    pub(crate) fn xml(&self) -> String {
        self.write("")
    }

    /// The element at `path`, if there is one.
    pub(crate) fn at(&self, path: &str) -> Option<&Self> {
        steps(path).iter().try_fold(self, |tree, step| tree.children.get(tree.find(step)?))
    }

    /// Its text, empty where there is none.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.at(path).map_or("", |tree| &tree.text)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn children(&self) -> &[Self] {
        &self.children
    }

    /// The contract's JSON of it: lists as arrays, objects by their members' names.
    pub(crate) fn json(&self) -> Value {
        match self.name.as_str() {
            "Contacts" | "Type" | "AutresDonnees" => self.children.iter().map(Self::json).collect(),
            "ContacteurDemandeur" => Value::Bool(self.text == "true"),
            _ if self.children.is_empty() => Value::String(self.text.clone()),
            _ => self.children.iter().map(|child| (child.name.clone(), child.json())).collect(),
        }
    }

    fn of(node: Node<'_>) -> Self {
        let name = |namespace: &str, local: &str| match namespace {
            "" => local.to_owned(),
            _ => format!("xsi:{local}"),
        };
        Self {
            name: node.local_name().to_owned(),
            namespace: node.namespace().to_owned(),
            attributes: node
                .attributes()
                .map(|attribute| {
                    (name(attribute.namespace(), attribute.local_name()), attribute.value().to_owned())
                })
                .collect(),
            text: if node.children().next().is_some() { String::new() } else { node.text().into_owned() },
            children: node.children().map(Self::of).collect(),
        }
    }

    fn apply(&mut self, change: Change, path: &str) {
        match change {
            Change::Empty => self.content(""),
            Change::Nil(value) => self.attributes.push(("xsi:nil".to_owned(), value.to_owned())),
            Change::Blank => self.content(" \n\t "),
            Change::Text(text) => self.content(&escape(&text)),
            Change::Padded => self.text = format!(" \n\t{} \n", self.text),
            Change::Append(xml) => self.children.extend(read_all(&xml)),
            Change::Reversed => self.children.reverse(),
            Change::Foreign => self.namespace = "urn:autre".to_owned(),
            Change::Attribute => self.attributes.push(("source".to_owned(), "formulaire".to_owned())),
            Change::Absent | Change::Twice => panic!("{path} has nothing beside it"),
        }
    }

    fn content(&mut self, xml: &str) {
        let read = Self::read(&format!("<x>{xml}</x>"));
        (self.text, self.children) = (read.text, read.children);
    }

    fn go(&mut self, step: &Step, path: &str) -> &mut Self {
        let place = self.place(step, path);
        &mut self.children[place]
    }

    fn place(&self, step: &Step, path: &str) -> usize {
        self.find(step).unwrap_or_else(|| panic!("{path} is not there to be changed"))
    }

    fn find(&self, step: &Step) -> Option<usize> {
        match step {
            Step::Member(name) => self.children.iter().position(|child| child.name == *name),
            Step::Item(position) => Some(position - 1).filter(|place| *place < self.children.len()),
        }
    }

    fn write(&self, around: &str) -> String {
        let namespace = match self.namespace.as_str() {
            same if same == around => String::new(),
            other => format!(" xmlns=\"{other}\""),
        };
        let xsi = if self.attributes.iter().any(|(name, _)| name.starts_with("xsi:")) {
            format!(" xmlns:xsi=\"{XSI}\"")
        } else {
            String::new()
        };
        let attributes: String =
            self.attributes.iter().map(|(name, value)| format!(" {name}=\"{value}\"")).collect();
        let children: String = self.children.iter().map(|child| child.write(&self.namespace)).collect();
        let (name, text) = (&self.name, escape(&self.text));
        format!("<{name}{namespace}{xsi}{attributes}>{text}{children}</{name}>")
    }
}

enum Step {
    Member(String),
    Item(usize),
}

fn steps(path: &str) -> Vec<Step> {
    let (path, mut steps) = match path.strip_prefix('/') {
        Some(path) => (path, Vec::new()),
        None => (path, vec![Step::Member("CreationDossier".to_owned())]),
    };
    for segment in path.split('.').filter(|segment| !segment.is_empty()) {
        let (name, position) = segment.split_once('[').unwrap_or((segment, ""));
        steps.push(Step::Member(name.to_owned()));
        if let Some(position) = position.strip_suffix(']') {
            steps.push(Step::Item(position.parse().unwrap()));
        }
    }
    steps
}

fn read_all(xml: &str) -> Vec<Tree> {
    Tree::read(&format!("<x>{xml}</x>")).children
}

/// As XML text; a carriage return would be lost unless it is written as a reference.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;")
}
