import PromQL
import Testing

@Suite struct LinearRegexTests {
    @Test(
        "A pattern matches whole texts as RE2 does",
        arguments: [
            ("", "", true), ("", "a", false), ("a", "a", true), ("a", "ab", false),
            ("a|bc", "bc", true), ("a|b|", "", true), ("ab*c", "ac", true), ("ab*c", "abbbc", true),
            ("ab+c", "ac", false), ("ab?c", "abc", true), ("ab?c", "abbc", false),
            ("a{3}", "aaa", true), ("a{3}", "aa", false), ("a{2,}", "aaaaa", true), ("a{2,3}", "aaaa", false),
            ("a{0}", "", true), ("a{,3}", "a{,3}", true), ("a{", "a{", true), ("(ab){2}", "abab", true),
            (".*", "anything", true), (".*", "two\nlines", false), ("(?s).*", "two\nlines", true), (".+", "", false),
            ("[a-c]+", "abccba", true), ("[^a-c]", "d", true), ("[^a-c]", "a", false), ("[]a]", "]", true),
            ("[a-]", "-", true), ("[\\d.]+", "1.5", true), ("[\\D]", "1", false), ("[[:alpha:]_]+", "ab_", true),
            ("[[:^digit:]]", "5", false), ("[^\\n]", "\n", false),
            ("\\d+", "123", true), ("\\D", "1", false), ("\\w+", "a_1", true), ("\\W", "-", true), ("\\s", "\t", true),
            ("\\s", "\u{0B}", false), ("\\S+", "abc", true), ("a\\.b", "a.b", true), ("a\\.b", "axb", false),
            ("\\x41\\x{42}\\103", "ABC", true), ("\\Qa.b*\\E+", "a.b**", true), ("\\pL+", "äß", true),
            ("\\p{Lu}", "ä", false), ("\\P{Lu}", "ä", true), ("[\\p{Nd}]+", "42", true),
            ("(?i)node", "NoDe", true), ("(?i)[a-z]+", "ABC", true), ("(?i)ä", "Ä", true), ("a(?i)b", "aB", true),
            ("a(?i)b", "AB", false), ("(?i:a)b", "Ab", true), ("(?i:a)b", "AB", false), ("(?i)s", "ſ", true),
            ("a(?:b|c)d", "acd", true), ("(?P<x>a)", "a", true), ("(?<x>a)", "a", true),
            ("\\bfoo\\b", "foo", true), ("foo\\Bbar", "foobar", true), ("foo\\bbar", "foobar", false),
            ("^a$", "a", true), ("^a$|b", "b", true), ("\\Aa\\z", "a", true), ("(?m)a$\n^b", "a\nb", true),
            ("a*?b", "aab", true), ("(a*)*", "aaa", true), ("(a*)+b", "b", true), ("(a|a)*", "aaaa", true),
            ("(|a)+", "aa", true), ("日本.", "日本語", true), (".", "é", true), ("(?i-s).", "x", true),
            ("\\/\\-\\.", "/-.", true),
        ] as [(String, String, Bool)])
    func matchesWhole(pattern: String, text: String, expected: Bool) throws {
        #expect(try LinearRegex(pattern, matchesWhole: true).matches(text) == expected)
    }

    @Test(
        "What is no pattern is refused with the place",
        arguments: [
            ("*a", 0, "missing argument"), ("a**", 2, "nested"), ("a+{2}", 2, "nested"), ("(a", 0, "missing )"),
            ("a)", 1, "unexpected )"), ("[a", 0, "missing ]"), ("[b-a]", 1, "backwards"), ("a\\", 1, "backslash"),
            ("\\y", 0, "escape"), ("\\1", 0, "escape"), ("(?=a)", 0, "look-ahead"), ("(?<!a)", 0, "look-behind"),
            ("a{1001}", 1, "repeat count"), ("a{3,2}", 1, "repeat count"), ("[[:nope:]]", 1, "unknown class"),
            ("\\p{Greek}", 0, "not supported"), ("(?P<a>x)(?P<a>y)", 8, "duplicate"), ("(?z)", 0, "flags"),
            ("\\x{110000}", 0, "escape"), ("((a{1000}){1000}){1000}", 0, "too large"),
        ])
    func refuses(pattern: String, offset: Int, message: String) {
        let error = #expect(throws: RegexError.self) { try LinearRegex(pattern) }
        #expect(error?.offset == offset)
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }

    @Test("Patterns that explode in backtracking engines take linear time")
    func staysLinear() throws {
        let text = String(repeating: "a", count: 5000)
        for pattern in ["(a*)*b", "(a+)+b", "(a|aa)+b", "(a|a?)+b", String(repeating: "a?", count: 50) + "b"] {
            #expect(try !LinearRegex(pattern, matchesWhole: true).matches(text))
        }
    }

    @Test("Groups nested without end are refused instead of exhausting the stack")
    func limitsNesting() {
        #expect(throws: RegexError.self) { try LinearRegex(String(repeating: "(", count: 100_000)) }
        #expect(throws: RegexError.self) {
            try LinearRegex(String(repeating: "(", count: 5000) + String(repeating: ")", count: 5000))
        }
    }

    @Test("A long list of alternatives matches without recursion")
    func manyAlternatives() throws {
        let words = (0..<900).map { "word\($0).?" }
        let regex = try LinearRegex(words.joined(separator: "|"), matchesWhole: true)
        #expect(regex.matches("word899x"))
        #expect(!regex.matches("word900x"))
    }

    @Test(
        "All matches are replaced as Go's ReplaceAllString does",
        arguments: [
            ("a", "banana", "<$0>", "b<a>n<a>n<a>"), ("a+", "baaad", "x", "bxd"), ("", "abc", "-", "-a-b-c-"),
            ("a*", "baac", "x", "xbxcx"), ("(\\w+)@(\\w+)", "me@home you@work", "$2 at $1", "home at me work at you"),
            ("(?P<first>.)(.)", "abcd", "${2}${first}", "badc"), ("a", "a", "$1x", ""), ("a", "a", "${0}x", "ax"),
            ("a", "a", "$$0", "$0"), ("a", "a", "$", "$"), ("a", "a", "${", "${"), ("a", "a", "${9}", ""),
            ("x", "abc", "y", "abc"), ("a|ab", "ab", "x", "xb"), ("(a)|(b)", "ab", "[$1|$2]", "[a|][|b]"),
            ("^a", "aaa", "x", "xaa"), ("a??", "aa", "x", "xaxax"), ("a{2}?", "aaa", "x", "xa"),
        ])
    func replaces(pattern: String, text: String, template: String, expected: String) throws {
        #expect(try LinearRegex(pattern).replacingAll(in: text, with: template) == expected)
    }
}
