import Testing

@testable import LockkeeperTransfer

struct MailDialogueTests {
    /// Plays lines as libcurl reports them: `>` sent, `<` received, `*` a piece of the message.
    private func dialogue(_ lines: String...) -> (MailDialogue, secrets: [String]) {
        var dialogue = MailDialogue()
        var secrets: [String] = []
        for line in lines {
            switch line.first {
            case ">": secrets += dialogue.sent(line.dropFirst(2) + "\r\n")
            case "<": dialogue.received(line.dropFirst(2) + "\r\n", redaction: Redaction())
            default: dialogue.sentMessage()
            }
        }
        return (dialogue, secrets)
    }

    @Test func `Each reply goes to the recipient whose command it answers`() {
        let (dialogue, _) = dialogue(
            "< 220 hi", "> EHLO x", "< 250-hi", "< 250 SIZE", "> MAIL FROM:<a@b>", "< 250 ok", "> RCPT TO:<1@b>",
            "< 550-first line", "< 550 second line", "> RCPT TO:<2@b>", "< 250 ok", "> DATA", "< 354 go", "*",
            "< 250 queued")
        #expect(
            dialogue.outcomes(recipients: 2) == [
                .refusedPermanently(.init(code: 550, text: "first line second line")),
                .accepted(.init(code: 250, text: "queued")),
            ])
    }

    @Test func `A recipient stays open until the message itself has been replied to`() {
        let before = dialogue("> MAIL FROM:<a@b>", "< 250 ok", "> RCPT TO:<1@b>", "< 250 ok", "> DATA", "< 354 go", "*")
            .0
        #expect(before.outcomes(recipients: 1) == nil)
        #expect(before.messageHasBegun)
    }

    @Test func `A server that goes away between recipients leaves the later ones open`() {
        let (dialogue, _) = dialogue("> MAIL FROM:<a@b>", "< 250 ok", "> RCPT TO:<1@b>", "< 421 shutting down")
        #expect(dialogue.outcomes(recipients: 2) == nil)
        #expect(dialogue.sessionRefusal == nil)
    }

    @Test func `What is said while logging in is a secret, whatever it looks like`() {
        let (dialogue, secrets) = dialogue(
            "< 220 hi", "> EHLO x", "< 250 AUTH LOGIN", "> AUTH LOGIN", "< 334 VXNlcm5hbWU6", "> DATA",
            "< 334 UGFzc3dvcmQ6",
            "> c2VjcmV0", "< 535 5.7.8 no")
        #expect(secrets == ["DATA", "c2VjcmV0"])
        #expect(dialogue.sessionRefusal?.code == 535)
        #expect(dialogue.outcomes(recipients: 1) == nil)
        let plain = self.dialogue("> AUTH PLAIN AHVzZXIAcGFzcw==", "< 535 no").secrets
        #expect(plain == ["AHVzZXIAcGFzcw=="])
    }
}
