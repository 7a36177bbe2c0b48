#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;

fn check(mail: &str, kept: &str) {
    assert_eq!(own_words(mail), kept, "of\n{mail}");
}

#[test]
fn the_quote_below_goes_in_every_language() {
    for head in [
        "On Mon, 30 Nov 2026 at 10:00, Ada Lovelace <ada@example.org> wrote:",
        "On 2026-11-30 10:00, Ada Lovelace wrote:",
        "Am 30.11.2026 um 10:00 schrieb Ada Lovelace <ada@example.org>:",
        "Am Mo., 30. Nov. 2026 um 10:00 Uhr schrieb Ada <ada@example.org>:",
        "Le lun. 30 nov. 2026 à 10:00, Ada <ada@example.org> a écrit :",
        "El lun, 30 nov 2026 a las 10:00, Ada (<ada@example.org>) escribió:",
        "Il giorno lun 30 nov 2026 alle ore 10:00 Ada <ada@example.org> ha scritto:",
        "Op ma 30 nov 2026 om 10:00 schreef Ada <ada@example.org>:",
        "Em seg., 30 de nov. de 2026 às 10:00, Ada <ada@example.org> escreveu:",
        "Ada Lovelace <ada@example.org> schrieb am 30.11.2026 um 10:00:",
    ] {
        check(
            &format!("It works now.\n\n{head}\n> Does it?\n> \n> Ada\n"),
            "It works now.",
        );
        // Some programs quote without marks.
        check(
            &format!("It works now.\n\n{head}\n\nDoes it?\n\nAda\n"),
            "It works now.",
        );
    }
}

#[test]
fn an_attribution_may_be_broken_into_lines() {
    check(
        "Yes.\n\nOn Mon, 30 Nov 2026 at 10:00, Ada Lovelace\n<weft+abcdefghijklmnop@example.org>\nwrote:\n\n> Does it?\n",
        "Yes.",
    );
}

#[test]
fn original_messages_and_outlook_blocks_end_the_mail() {
    for block in [
        "-----Original Message-----\nFrom: Ada\nSubject: x\n\nDoes it?",
        "-----Ursprüngliche Nachricht-----\nVon: Ada",
        "-------- Message d’origine --------\nDe : Ada",
        "-----Mensaje original-----\nDe: Ada",
        "-----Messaggio originale-----\nDa: Ada",
        "-----Oorspronkelijk bericht-----\nVan: Ada",
        "-----Mensagem original-----\nDe: Ada",
        "From: Ada Lovelace <ada@example.org>\nSent: Monday, November 30, 2026 10:00\nTo: Bob\nSubject: Re: x\n\nDoes it?",
        "________________________________\nFrom: Ada\nSent: Monday\nTo: Bob\n\nDoes it?",
        "**From:** Ada  \n**Sent:** Monday  \n**To:** Bob\n\nDoes it?",
        "Von: Ada\nGesendet: Montag, 30. November 2026 10:00\nAn: Bob\nBetreff: AW: x\n\nGeht es?",
        "De : Ada\nEnvoyé : lundi 30 novembre 2026\nÀ : Bob\nObjet : x\n\nÇa va ?",
        "De: Ada\nEnviado el: lunes\nPara: Bob\nAsunto: x",
        "Da: Ada\nInviato: lunedì\nA: Bob\nOggetto: x",
        "Van: Ada\nVerzonden: maandag\nAan: Bob\nOnderwerp: x",
    ] {
        check(&format!("It works now.\n\n{block}\n"), "It works now.");
    }
}

#[test]
fn answers_between_the_lines_keep_what_they_answer() {
    let talk = "Hi Ada,\n\nOn Mon, 30 Nov 2026, Ada <a@example.org> wrote:\n> Did you update?\nYes.\n\n> And the fan?\nClean.\n\n> Thanks\n> Ada\n";
    check(
        talk,
        "Hi Ada,\n\n> Did you update?\nYes.\n\n> And the fan?\nClean.",
    );
    // A quote in the middle of one's own words is meant.
    check(
        "The log says\n> error 7\nand then stops.",
        "The log says\n> error 7\nand then stops.",
    );
}

#[test]
fn a_whole_quote_above_the_answer_goes() {
    check(
        "On Mon, 30 Nov 2026, Ada <a@example.org> wrote:\n> Did you update?\n>\n> Ada\n\nYes, yesterday.\n",
        "Yes, yesterday.",
    );
}

#[test]
fn signatures_go_and_words_that_look_alike_stay() {
    check("Done.\n-- \nBob\n+49 30 1234\n", "Done.");
    check(
        "Done.\n--\nBob\n\nOn Mon, 30 Nov 2026, Ada <a@example.org> wrote:\n> x\n",
        "Done.",
    );
    let long = format!("Part one\n--\n{}", "line\n".repeat(SIGNATURE + 1));
    check(&long, long.trim_end());
    for phone in [
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Gesendet von Outlook für Android",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Inviato da iPhone",
        "Verstuurd vanaf mijn iPhone",
        "Enviado do meu iPhone",
        "Get [Outlook for iOS](https://aka.ms/o0ukef)",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "[Sent from Yahoo Mail](https://example.org)",
    ] {
        check(&format!("Done.\n\n{phone}\n"), "Done.");
        check(
            &format!("Done.\n\n{phone}\n\nOn Mon, 30 Nov 2026, Ada <a@example.org> wrote:\n> x\n"),
            "Done.",
        );
    }
    check(
        "Sent from my laptop the logs are empty, from my phone they are not. I tried both of them several times today, in vain.",
        "Sent from my laptop the logs are empty, from my phone they are not. I tried both of them several times today, in vain.",
    );
}

#[test]
fn ones_own_words_are_left_alone() {
    for own in [
        "I wrote: hello",
        "On the other hand it works:\n\n1. boot\n2. wait",
        "From: where does it come?\nI do not know.",
        "Am Ende schrieb ich:\nfertig",
        "    code\n    more code",
        "# Title\n\n- a\n- b\n\n```\n-----\nx > y\n```",
        "a -- b\n\n---\n\nc",
        "On 3 May it restarted twice.\nThen it was quiet.",
        "On 3 May I wrote to the vendor:\nit restarts.\n\nNo answer.",
    ] {
        check(own, own);
    }
    check("> only a quote\n", "");
    check("\n\n", "");
    check("a\r\nb\r\n\r\n> c\r\n", "a\nb");
}

proptest! {
    #[test]
    fn whatever_comes_it_ends_and_adds_nothing(text in "([>a-z:@0-9 \\-_]{0,12}\n){0,60}") {
        let kept = own_words(&text);
        for line in kept.lines() {
            prop_assert!(text.contains(line));
        }
    }

    #[test]
    fn any_text_is_survived(text in "\\PC{0,300}") {
        let _ = own_words(&text);
    }
}
