import LockkeeperCore
import Testing

@Suite struct QueryTextPrivacyTests {
    @Test(arguments: [
        (
            "SELECT * FROM users WHERE email = 'ana@example.org' AND id=42",
            "SELECT * FROM users WHERE email = ? AND id = ?"
        ),
        ("insert into t values ('it''s', E'a\\'b', $tag$x$tag$, 1.5e-3, $1)", "insert into t values (?, ?, ?, ?, $1)"),
        ("select 1 -- secret\n, 2 /* more /* nested */ secret */", "select ?, ?"),
        ("select 'cut off by the ser", "select ?"),
        ("select /* cut off", "select"),
        (
            "ALTER TABLE \"Orders\"\n  ALTER COLUMN a TYPE numeric(10,2) USING a::numeric",
            "ALTER TABLE \"Orders\" ALTER COLUMN a TYPE numeric(?, ?) USING a::numeric"
        ),
        ("select U&'d\\0061t' , x'ff', b'01'", "select ?, ?, ?"),
        ("select -1, +2", "select -?, +?"),
    ])
    func `Literals and comments are gone from normalised text, and nothing else`(query: String, expected: String) {
        let shown = QueryTextPrivacy.normalized.shown(query)
        #expect(shown.filter { !$0.isWhitespace } == expected.filter { !$0.isWhitespace })
        #expect(!shown.contains("secret"))
    }

    @Test func `No text at all is shown where none is wanted, and the whole where it is`() {
        #expect(!QueryTextPrivacy.none.shown("select secret").contains("secret"))
        #expect(QueryTextPrivacy.none.shown("").isEmpty)
        #expect(QueryTextPrivacy.full.shown("select  'a'\n") == "select 'a'")
    }

    @Test func `Long text is cut off with an ellipsis`() {
        let shown = QueryTextPrivacy.full.shown(String(repeating: "x", count: 600), limit: 100)
        #expect(shown.count == 100)
        #expect(shown.hasSuffix("…"))
    }

    @Test func `Any bytes are read as tokens that together hold all that is not white space`() {
        var seed: UInt64 = 42
        let alphabet = Array("a1'\"$-/*;.\\ eE(ü\n")
        for _ in 0..<2000 {
            var text = ""
            for _ in 0..<12 {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text.append(alphabet[Int(seed >> 33) % alphabet.count])
            }
            let tokens = Array(SQLLexer(text))
            #expect(tokens.allSatisfy { !$0.text.isEmpty })
            #expect(text.contains(tokens.last?.text ?? ""))
            let kept = tokens.map(\.text).joined().filter { !$0.isWhitespace }
            #expect(kept == text.filter { !$0.isWhitespace })
        }
    }
}
