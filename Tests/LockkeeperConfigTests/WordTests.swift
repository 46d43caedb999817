import Testing

@testable import LockkeeperConfig

@Suite struct GoDurationTests {
    @Test(arguments: [
        ("200ms", Duration.milliseconds(200)), ("5s", .seconds(5)), ("1h30m", .seconds(5400)), ("0", .zero),
        ("1.5h", .seconds(5400)), (".5s", .milliseconds(500)), ("1m1ms", .milliseconds(60_001)),
        ("100us", .microseconds(100)), ("100µs", .microseconds(100)), ("7ns", .nanoseconds(7)), ("1.s", .seconds(1)),
        ("0.1234567891s", .nanoseconds(123_456_789)),
    ])
    func `Go's durations are read exactly`(text: String, duration: Duration) {
        #expect(GoDuration.parse(text) == duration)
    }

    @Test(arguments: ["", "5", "s", ".s", "-1s", "1d", "1s ", "1 s", "1h 5m", "١s", "10000000000h", "1e3s"])
    func `What Go would not read, or no field can mean, is no duration`(text: String) {
        #expect(GoDuration.parse(text) == nil)
    }

    @Test(arguments: [("5", "`5s`"), ("2d", "`48h`"), ("10 min", "`10m`"), ("3 hours", "`3h`"), ("soon", "`1h30m`")])
    func `Somebody who wrote another notation is shown this one`(text: String, part: String) {
        #expect(GoDuration.hint(for: text).contains(part))
    }

    @Test(arguments: ["200ms", "1h30m", "1m1s", "5s500ms", "0s"])
    func `A duration prints as it would be written`(text: String) {
        #expect(GoDuration.parse(text).map(GoDuration.text) == text)
    }
}

@Suite struct EnvironmentExpansionTests {
    private let environment = ["HOME": "/root", "EMPTY": "", "DOLLARS": "${HOME} $$", "_A1": "x"]

    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("${HOME}/x", "/root/x"), ("a${EMPTY}b", "ab"), ("$${HOME}", "${HOME}"),
        ("$$$${HOME}", "$${HOME}"), ("$HOME", "$HOME"), ("a$", "a$"), ("$$", "$"), ("${_A1}${_A1}", "xx"),
        ("${DOLLARS}", "${HOME} $$"), ("ü${HOME}", "ü/root"),
    ])
    func `Variables are put in once, and two dollars are one`(written: String, meant: String) {
        let expansion = EnvironmentExpansion(written, environment: environment)
        #expect(expansion.text == meant)
        #expect(expansion.failures == [])
    }

    @Test(arguments: [
        ("a ${HOMM}", 2, "the environment variable `HOMM` is not set", "Did you mean `${HOME}`?"),
        ("${XYZZY}", 0, "the environment variable `XYZZY` is not set", "Set it, or keep the value in a file"),
        ("ab${HOME", 2, "`${` has no `}`", "Write `$$` for a dollar sign that means itself"),
        ("${HOME:-x}", 0, "`${HOME:-x}` does not name an environment variable", "Only `${NAME}` is understood"),
        ("${}", 0, "`${}` does not name an environment variable", "Only `${NAME}` is understood"),
        ("${1A}", 0, "`${1A}` does not name an environment variable", "Only `${NAME}` is understood"),
    ])
    func `What cannot be put in says where and why`(written: String, offset: Int, message: String, hint: String) {
        let failures = EnvironmentExpansion(written, environment: environment).failures
        #expect(failures.map(\.offset) == [offset])
        #expect(failures.map(\.message) == [message])
        #expect(failures.first?.hint?.hasPrefix(hint) == true)
    }

    @Test func `Each variable that is missing is reported with its column`() throws {
        let fixture = try ConfigurationFixture()
        let problems = try fixture.problems(ConfigurationFixture.minimal("state: \"/a/${NO_A}/${NO_B}\""))
        #expect(problems.map(\.line) == [2, 2])
        #expect(problems.map(\.column) == [12, 20])
        #expect(problems.map(\.path) == ["state", "state"])
    }

    @Test func `A value from an empty variable is said to be empty`() throws {
        var fixture = try ConfigurationFixture()
        fixture.environment["EMPTY"] = ""
        let problem = try fixture.problem("targets: [{ name: a, dsn: '${EMPTY}' }]")
        #expect(problem.message == "is empty: so is the environment variable")
        #expect(problem.value == "${EMPTY}")
    }
}

@Suite struct SuggestionTests {
    private let words = ["external_url", "webhook_url", "to", "tls", "interval", "name"]

    @Test(arguments: [
        ("externalUrl", "external_url"), ("external-url", "external_url"), ("webhok_url", "webhook_url"),
        ("INTERVAL", "interval"), ("nmae", "name"), ("intervall", "interval"), ("tsl", "tls"),
    ])
    func `A word that is nearly right finds the right one`(word: String, right: String) {
        #expect(Suggestion.nearest(to: word, in: words) == right)
    }

    @Test(arguments: ["", "x", "password", "nothing", "value"])
    func `A word that is like none finds none`(word: String) {
        #expect(Suggestion.nearest(to: word, in: words) == nil)
    }

    @Test(arguments: [("", "abc", 3), ("kitten", "sitting", 3), ("ab", "ba", 1), ("same", "same", 0), ("ca", "abc", 3)])
    func `The distance counts insertions, deletions, substitutions and swaps`(a: String, b: String, distance: Int) {
        #expect(Suggestion.distance(Array(a), Array(b)) == distance)
        #expect(Suggestion.distance(Array(b), Array(a)) == distance)
    }
}

@Suite struct AddressTests {
    @Test(arguments: [
        ("127.0.0.1:9743", "127.0.0.1", 9743), ("[::1]:80", "::1", 80), ("localhost:0", "localhost", 0),
        ("0.0.0.0:65535", "0.0.0.0", 65_535),
    ])
    func `An address to listen on is read and prints as it was written`(text: String, host: String, port: Int) {
        let address = ListenAddress(text)
        #expect(address == ListenAddress(host: host, port: port))
        #expect(address?.description == text)
    }

    @Test(arguments: [
        "", ":80", "host", "host:", "host:x", "host:65536", "::1:80", "[::1]", "[x]:1", "a b:1", "h:-1", "h:+1",
    ])
    func `What is no address to listen on is refused`(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test(arguments: [
        ("postgresql://db.example.org/app", "app"), ("postgres://u:p@h1:5432,h2:5433/app?sslmode=require", "app"),
        ("postgresql:///app?host=/run/postgresql", "app"), ("postgresql://h", nil), ("postgresql://", nil),
        ("postgresql://h/?dbname=other", "other"), ("postgresql://u:a%40b@[::1]:5432/a%20b", "a b"),
        ("host=h dbname=app", "app"), (" host = h  dbname = 'my app' ", "my app"),
        (#"dbname='it\'s' password=a\ b"#, "it's"), ("service=x", nil),
        ("dbname=postgresql://h/app", "postgresql://h/app"),
    ])
    func `libpq's connection strings are understood as far as the database`(text: String, database: String?) throws {
        #expect(try DataSourceName(text).database == database)
    }

    @Test(arguments: [
        "", "  ", "app", "host", "host=h dbname", "=x", "host='h", "mysql://h/d", "postgresq://h/d", "https://h/d",
        "postgresql://u:a@b@h/d", "postgresql://h:port/d", "postgresql://h:70000/d", "postgresql://u:%zz@h/d",
        "postgresql://h/d?sslmode", "postgresql://h/my db",
    ])
    func `What libpq would refuse is refused, where it can be seen without it`(text: String) {
        #expect(throws: DataSourceName.Objection.self) { try DataSourceName(text) }
    }

    @Test func `A scheme that is nearly right is suggested`() {
        let objection = #expect(throws: DataSourceName.Objection.self) { try DataSourceName("postgrsql://h/d") }
        #expect(objection?.hint == "Did you mean `postgresql://`?")
    }
}
