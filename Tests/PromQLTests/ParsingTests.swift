import LockkeeperTestSupport
import PromQL
import Testing

@Suite struct ParsingTests {
    private static func scalar(_ text: String) throws -> Double {
        guard case .scalar(let value) = try Expression(parsing: text).evaluate(at: 0, over: SampleSeries()) else {
            Issue.record("\(text) is no scalar")
            return .nan
        }
        return value
    }

    @Test(
        "Numbers are read in every form",
        arguments: [
            ("1", 1), ("1.5", 1.5), (".5", 0.5), ("5.", 5), ("1e3", 1000), ("1E-2", 0.01), ("1.5e+2", 150),
            ("0x1F", 31), ("0XfF", 255), ("017", 15), ("089", 89), ("1_000", 1000), ("Inf", .infinity),
            ("+inf", .infinity), ("-INF", -.infinity), ("5m", 300), ("1h30m", 5400), ("1s500ms", 1.5),
            ("1 # a comment\n + # another\n 2", 3),
        ] as [(String, Double)])
    func numbers(text: String, expected: Double) throws {
        #expect(try Self.scalar(text) == expected)
    }

    @Test("NaN is read in any letter case")
    func notANumber() throws {
        #expect(try Self.scalar("nAn").isNaN)
    }

    @Test(
        "Operators bind as in Prometheus",
        arguments: [
            ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("2 ^ 3 ^ 2", 512), ("-2 ^ 2", -4), ("(-2) ^ 2", 4), ("2 ^ -1", 0.5),
            ("2 ^ -1 * 4", 2), ("-2 * 3", -6), ("10 - 2 - 3", 5), ("100 / 10 / 5", 2), ("7 % 4 * 2", 6), ("- - 3", 3),
            ("1 + 1 == bool 2", 1), ("1 < bool 2 + 5", 1), ("3 > bool 2 == bool 1", 1), ("1 == bool 1 * 5", 0),
            ("2 * 3 % 4", 2), ("0 atan2 1 + 1", 1), ("+1 - -1", 2),
        ] as [(String, Double)])
    func precedence(text: String, expected: Double) throws {
        #expect(try Self.scalar(text) == expected)
    }

    @Test(
        "Strings take Go's escapes, or none in backquotes",
        arguments: [
            (#""a\n\t\\\"'""#, "a\n\t\\\"'"), (#"'a\'"'"#, "a'\""), (#"`a\n"'`"#, #"a\n"'"#),
            (#""\x41\101\u00e4\U0001F600""#, "AAä😀"), (#""\xc3\xa4""#, "ä"), (#""""#, ""),
        ])
    func strings(text: String, expected: String) throws {
        let value = try Expression(parsing: text).evaluate(at: 0, over: SampleSeries())
        #expect(value == .string(expected))
    }

    @Test(
        "An expression prints in a normal form that reads back as itself",
        arguments: [
            ("up", "up"), ("up{}", "up"), ("{__name__=\"up\"}", "{__name__=\"up\"}"),
            ("up{a='b',c!=\"d\",e=~`f.*`,g!~'',}", #"up{a="b",c!="d",e=~"f.*",g!~""}"#),
            ("{\"a.b\", \"c d\"='e'}", #"{__name__="a.b","c d"="e"}"#),
            ("a[5m]", "a[5m]"), ("a[300]", "a[5m]"), ("a[1d12h] offset 1w", "a[1d12h] offset 1w"),
            ("a OFFSET -5m", "a offset -5m"), ("a @ 1.5 offset 5m", "a @ 1.5 offset 5m"),
            ("a offset 5m @ start()", "a @ start() offset 5m"), ("a[5m] @ end()", "a[5m] @ end()"),
            ("rate(a[5m])[1h:1m] offset 1m", "rate(a[5m])[1h:1m] offset 1m"), ("a[1h:]", "a[1h:]"),
            ("sum(a)", "sum(a)"), ("SUM by(x,y)(a)", "sum by (x, y) (a)"),
            ("sum(a) without (x,)", "sum without (x) (a)"),
            ("topk(5,a)", "topk(5, a)"), ("count_values by (x) ('v', a)", "count_values by (x) (\"v\", a)"),
            ("a+on(x)group_left(y)b", "a + on (x) group_left (y) b"), ("a AND ignoring(x) b", "a and ignoring (x) b"),
            ("a==bool on(x) group_right b", "a == bool on (x) group_right () b"), ("-a", "-a"), ("((a))", "((a))"),
            ("label_join(a,'d',',','x','y')", "label_join(a, \"d\", \",\", \"x\", \"y\")"), ("time()", "time()"),
            ("sum", "sum"), ("by", "by"), ("offset", "offset"), ("start + end", "start + end"), ("rate", "rate"),
            ("a:b:c", "a:b:c"), (":a", ":a"), ("sum(sum) by (by, on, bool)", "sum by (by, on, bool) (sum)"),
            ("a{on='1',by='2',inf='3'}", #"a{on="1",by="2",inf="3"}"#), ("1e6", "1e+06"), ("5m", "300"),
        ])
    func normalForm(text: String, expected: String) throws {
        let expression = try Expression(parsing: text)
        #expect(expression.description == expected)
        #expect(try Expression(parsing: expected).description == expected)
        #expect(try Expression(parsing: expected) == expression)
    }

    @Test(
        "A mistake is reported with its line and column and what was expected",
        arguments: [
            ("", 1, 1, "no expression"), ("  # only a comment", 1, 19, "no expression"),
            ("foo(", 1, 1, "unknown function"),
            ("rate(", 1, 6, "expected an expression"), ("rate(a[5m]", 1, 11, "expected , or )"),
            ("a +", 1, 4, "expected an expression"),
            ("a\n  + * b", 2, 5, "expected an expression"), ("a b", 1, 3, "expected an operator"),
            ("(a", 1, 3, "expected ) or an operator"),
            ("a{", 1, 3, "label name or }"), ("a{b", 1, 4, "one of = != =~ !~"), ("a{b=}", 1, 5, "quoted string"),
            ("a{b=\"c\" d", 1, 9, "expected , or }"), ("a{b=~\"(\"}", 1, 6, "missing )"),
            ("a{b=\"c", 1, 5, "not closed"),
            ("\"a\\z\"", 1, 3, "unknown escape"), ("{}", 1, 1, "non-empty matcher"),
            ("{a=\"\"}", 1, 1, "non-empty matcher"),
            ("{a=~\".*\"}", 1, 1, "non-empty matcher"),
            ("a{__name__=\"b\"}", 1, 3, "metric name must not be set twice"),
            ("a[5]]", 1, 5, "expected an operator"), ("a[x]", 1, 3, "expected a duration"),
            ("a[0]", 1, 2, "longer than 0"),
            ("a[5m", 1, 5, "expected ] or :"), ("a[5m:0s]", 1, 2, "step"), ("a[1m5h]", 1, 3, "bad number or duration"),
            ("5x", 1, 1, "bad number or duration"), ("a[5m][5m]", 1, 1, "ranges only allowed"),
            ("sum(a)[5m]", 1, 1, "ranges only allowed"),
            ("a offset 5m [5m]", 1, 1, "no offset modifiers allowed before range"),
            ("1[5m:]", 1, 1, "subquery is only allowed"),
            ("a offset 5m offset 5m", 1, 13, "multiple times"),
            ("sum(a) offset 5m", 1, 8, "offset modifier must be preceded"),
            ("a @ foo", 1, 5, "timestamp"), ("a @ 1e30", 1, 5, "out of bounds"), ("a @ start", 1, 10, "( behind start"),
            ("1 == 1", 1, 3, "BOOL modifier"), ("1 + bool 1", 1, 3, "bool modifier can only"),
            ("1 and 1", 1, 3, "not allowed in binary scalar"),
            ("a + on(x) 1", 1, 3, "vector matching only allowed"),
            ("a and on(x) group_left b", 1, 13, "no grouping allowed"),
            ("a + on(x) group_left(x) b", 1, 11, "must not occur in ON and GROUP"),
            ("a + group_left b", 1, 5, "expected an expression"),
            ("a + 'b'", 1, 5, "must contain only scalar and instant vector"),
            ("-'a'", 1, 1, "unary expression only allowed"), ("-a[5m]", 1, 1, "got range vector"),
            ("abs()", 1, 1, "expected 1 argument(s)"), ("abs(a, b)", 1, 1, "expected 1 argument(s)"),
            ("abs(1)", 1, 5, "expected type instant vector"),
            ("rate(a)", 1, 6, "expected type range vector"), ("abs(a,)", 1, 7, "trailing commas"),
            ("sum(a, b)", 1, 1, "wrong number of arguments"),
            ("topk(a, b)", 1, 6, "expected type scalar"), ("sum(1)", 1, 5, "expected type instant vector"),
            ("sum by (a.b) (c)", 1, 10, "unexpected character"), ("1e309", 1, 1, "bad number"),
            ("sum by (a b) (c)", 1, 11, "expected , or )"),
            ("holt_winters(a[5m], 1, 1)", 1, 1, "not supported"), ("a ! b", 1, 3, "unexpected character"),
            ("a = b", 1, 3, "expected an operator"),
            ("ä", 1, 1, "unexpected character \"ä\""), ("\"ä\" + ä", 1, 7, "unexpected character"),
            ("label_replace(a, 'b')", 1, 1, "expected 5 argument(s)"),
            ("round(a, 1, 2)", 1, 1, "at most 2"), ("a[500y]", 1, 3, "bad number or duration"),
            ("bool", 1, 1, "expected an expression"),
        ])
    func mistakes(text: String, line: Int, column: Int, message: String) {
        let error = #expect(throws: ParseError.self) { try Expression(parsing: text) }
        #expect(error?.line == line)
        #expect(error?.column == column)
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }
}
