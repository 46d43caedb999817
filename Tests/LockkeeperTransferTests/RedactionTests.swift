import Testing

@testable import LockkeeperTransfer

struct RedactionTests {
    @Test func `Every part of a URL behind the host is hidden, the host stays`() {
        var redaction = Redaction()
        redaction.hide(url: "https://user:pa55@hooks.example.org:8443/services/T01/B02/abcdefgh?key=zyxwvuts")
        let text = redaction.clean(
            "cannot fetch https://user:pa55@hooks.example.org:8443/services/T01/B02/abcdefgh?key=zyxwvuts, pa55, "
                + "abcdefgh and zyxwvuts, from hooks.example.org:8443")
        for secret in ["pa55", "abcdefgh", "zyxwvuts", "T01"] { #expect(!text.contains(secret)) }
        #expect(text.contains("hooks.example.org:8443"))
    }

    @Test func `Control characters become spaces, invisible ones go, and a long text is cut`() {
        let redaction = Redaction()
        #expect(redaction.clean("\u{1B}[31mred\r\nline\u{0}two\u{202E} \u{2028}") == "[31mred line two")
        #expect(redaction.clean(String(repeating: "x", count: 1000)).count == Redaction.maximumCharacters)
    }

    @Test func `A secret inside a longer secret does not uncover the rest of it`() {
        var redaction = Redaction()
        redaction.hide("abc")
        redaction.hide("abcdef")
        #expect(redaction.clean("x abcdef y abc") == "x [hidden] y [hidden]")
    }
}
