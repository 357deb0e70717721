//! WS-Addressing 1.0 headers: understood, never obeyed. Answers go back on the same connection, dispatch is by
//! the Body's child; the headers serve for checks and for `RelatesTo` alone.

use xmlsec::Node;

use crate::ns;
use crate::refusal::Refusal;

/// Longest MessageID that an answer repeats, in characters.
const MESSAGE_ID_MAX: usize = 255;

/// What a request's WS-Addressing headers said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addressing {
    /// `wsa:MessageID`, fit to be repeated in `wsa:RelatesTo`.
    pub message_id: Option<String>,
    /// `wsa:Action`
    pub action: Option<String>,
    /// `wsa:To`
    pub to: Option<String>,
}

impl Addressing {
    /// Whether the request used WS-Addressing at all: only then does the answer.
    pub fn is_used(&self) -> bool {
        self.message_id.is_some() || self.action.is_some()
    }

    /// Reads the header blocks addressed to us (WS-Addressing 1.0 SOAP binding §6.4.1: each at most once).
    pub(crate) fn read<'d>(blocks: impl Iterator<Item = Node<'d>>) -> Result<Self, Refusal> {
        let mut found = Self::default();
        for block in blocks.filter(|block| block.namespace() == ns::WSA) {
            match block.local_name() {
                "MessageID" => once(&mut found.message_id, block, "MessageID")?,
                "Action" => once(&mut found.action, block, "Action")?,
                "To" => once(&mut found.to, block, "To")?,
                "ReplyTo" => here(block, "ReplyTo")?,
                "FaultTo" => here(block, "FaultTo")?,
                _ => {}
            }
        }
        let fit = |id: &String| id.chars().count() <= MESSAGE_ID_MAX && !id.chars().any(char::is_control);
        if !found.message_id.as_ref().is_none_or(fit) {
            return Err(Refusal::Addressing { header: "MessageID" });
        }
        Ok(found)
    }
}

fn once(slot: &mut Option<String>, block: Node<'_>, header: &'static str) -> Result<(), Refusal> {
    if slot.is_some() {
        return Err(Refusal::Addressing { header });
    }
    *slot = Some(block.text().trim().to_owned());
    Ok(())
}

/// ReplyTo and FaultTo may only say "here" or "nowhere": we open no connection on a message's word.
fn here(block: Node<'_>, header: &'static str) -> Result<(), Refusal> {
    let address = block.child(ns::WSA, "Address").map(Node::text).unwrap_or_default();
    match address.trim() {
        ns::WSA_ANONYMOUS | ns::WSA_NONE => Ok(()),
        _ => Err(Refusal::Addressing { header }),
    }
}
