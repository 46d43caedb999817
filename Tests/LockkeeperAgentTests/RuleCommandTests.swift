import Foundation
import LockkeeperTestSupport
import Testing

/// The program's commands about rules and series.
@Suite struct RuleCommandTests {
    private static let alerts = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "alerts").path

    private static func files(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yml") }.sorted()
            .map { "\(folder)/\($0)" }
    }

    private static func run(_ arguments: [String]) async throws -> LockkeeperProgram.Result {
        try await LockkeeperProgram(arguments).result()
    }

    @Test func `The shipped rules are fine, and their tests hold`() async throws {
        let check = try await Self.run(["rules", "check"] + Self.files(Self.alerts))
        #expect(check.status == 0, "\(check.output)\(check.errors)")
        #expect(check.output.contains("migrations.yml: fine, "))
        let test = try await Self.run(["rules", "test"] + Self.files(Self.alerts + "/tests"))
        #expect(test.status == 0, "\(test.output)\(test.errors)")
        #expect(test.output.contains("migrations.yml: fine, "))
    }

    @Test func `A broken rule file is refused with line and reason, and those beside it are checked on`() async throws {
        let folder = try TemporaryFolder()
        let bad = try folder.write(
            "groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: up >\n      - { alert: B, expr: up, forr: 1m }\n",
            to: "bad.yml")
        let twice = try folder.write(
            "groups: [ { name: g, rules: [ { alert: A, expr: up }, { alert: A, expr: down } ] } ]", to: "twice.yml")
        let result = try await Self.run(["rules", "check", bad, twice])
        #expect(result.status == 1)
        #expect(
            result.output == """
                \(bad):5:19: error: groups[0].rules[0].expr: rule g/A: could not parse expression: unexpected end of the expression, expected an expression
                \(bad):6:31: error: groups[0].rules[1].forr: there is no such field. Did you mean `for`?
                \(bad): 2 errors
                \(twice):1:64: warning: groups[0].rules[1].alert: the file has another rule of this name with the same labels (`A`). Give them other names, or a label that tells them apart
                \(twice): fine, 2 rules

                """)
        let missing = try await Self.run(["rules", "check", "\(folder.path)/none.yml"])
        #expect(missing.status == 1)
        #expect(missing.output.contains("none.yml: error: the file does not exist"))
        #expect(try await Self.run(["rules", "check"]).status == 2)
    }

    @Test func `A test that does not hold says what is different, for people and for programs`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("groups: [ { name: g, rules: [ { alert: A, expr: x > 1 } ] } ]", to: "rules.yml")
        let path = try folder.write(
            """
            rule_files: [rules.yml]
            tests:
              - name: quiet
                input_series: [ { series: 'x{a="b"}', values: 2 } ]
                alert_rule_test: [ { eval_time: 1m, alertname: A, exp_alerts: [] } ]
            """, to: "test.yml")
        let result = try await Self.run(["rules", "test", path])
        #expect(result.status == 1)
        #expect(
            result.output == """
                  quiet
                    A at 1m: fires, and should not
                      + {a="b"}
                \(path): FAILED: 1 of 1 test

                """)
        let json = try await Self.run(["rules", "test", "--json", path])
        #expect(json.status == 1)
        #expect(
            json.output == """
                [{"failures":[{"number":1,"seconds":60,"test":"quiet","text":"quiet\\n  A at 1m: fires, and should not\\n    + {a=\\"b\\"}"}],"file":"\(path)","is_fine":false,"problems":[],"tests":1}]

                """)
    }

    @Test func `A query is answered by a running agent, and a wrong one is shown with its place`() async throws {
        var fixture = try AgentFixture()
        fixture.watch("host=/nonexistent dbname=app")
        try fixture.write()
        let (program, api) = try await LockkeeperProgram.serve(fixture)
        try await eventually("the rules have been evaluated") {
            try await Self.run(["query", "lockkeeper_up", "--url", api.url]).output.hasPrefix(
                "lockkeeper_up{target=\"app\"} => 0 @[")
        }
        let json = try await Self.run(["query", "--json", "--url", api.url + "/", "vector(1) + 1"])
        #expect(json.status == 0)
        #expect(json.output.contains(#""metric":{},"value":["#) && json.output.contains(#""2""#))
        let nothing = try await Self.run(["query", "nothing", "--url", api.url])
        #expect(nothing.status == 0)
        #expect(nothing.output.isEmpty && nothing.errors.contains("no series"))
        let impossible = try await Self.run(["query", "max_over_time(vector(1)[1y:1s])", "--url", api.url])
        #expect(impossible.status == 2)
        #expect(impossible.errors.contains("steps"))
        program.signal(SIGTERM)
        #expect(try await program.result().status == 0)

        let gone = try await Self.run(["query", "up", "--url", api.url])
        #expect(gone.status == 3)
        #expect(gone.errors.contains("does not answer"))
        let wrong = try await Self.run(["query", "sum(up"])
        #expect(wrong.status == 2)
        #expect(
            wrong.errors == """
                the expression is wrong: 1:7: unexpected end of the expression, expected , or ) behind the argument
                  sum(up
                        ^

                """)
    }

    private struct Rules: Decodable {
        struct Data: Decodable {
            var groups: [Group]
        }

        struct Group: Decodable {
            var file: String
            var rules: [Rule]
        }

        struct Rule: Decodable {
            var name: String
            var query: String
            var duration: Double?
            var health: String
            var alerts: [Alert]?
        }

        struct Alert: Decodable, Equatable {
            var state: String
            var activeAt: String
        }

        var data: Data

        static func targetDown(_ api: AgentAPI) async throws -> Rule? {
            try await api.get(Rules.self, "/api/v1/rules").data.groups.flatMap(\.rules).first {
                $0.name == "TargetDown"
            }
        }
    }

    @Test func `A rule edited while the agent runs keeps its alert, and a broken one is refused whole with its place`()
        async throws
    {
        var fixture = try AgentFixture()
        fixture.watch("host=/nonexistent dbname=app")
        try fixture.write()
        let path = "\(fixture.folder.path)/alerts/targets.yml"
        let shipped = try String(contentsOfFile: path, encoding: .utf8)
        let (program, api) = try await LockkeeperProgram.serve(fixture)
        try await eventually("the target counts as down") {
            try await Rules.targetDown(api)?.alerts?.isEmpty == false
        }
        let before = try #require(try await Rules.targetDown(api))
        #expect(before.duration == 15)

        let broken = shipped.replacing("expr: lockkeeper_up == 0", with: "expr: lockkeeper_up ==")
        #expect(broken != shipped)
        try fixture.folder.write(broken, to: "alerts/targets.yml")
        program.signal(SIGHUP)
        try await eventually("the reload is refused") {
            try await api.metric("lockkeeper_config_last_reload_successful") == 0
        }
        #expect(
            program.errors.firstMatch(of: #/alerts/targets\.yml:\d+:\d+: error: .*rule .*TargetDown: could not parse/#)
                != nil, "\(program.errors)")
        #expect(try await Rules.targetDown(api)?.query == before.query)

        let edited = shipped.replacing("expr: lockkeeper_up == 0", with: "expr: lockkeeper_up < 0.5")
            .replacing("for: 15s", with: "for: 1h")
        try fixture.folder.write(edited, to: "alerts/targets.yml")
        program.signal(SIGHUP)
        try await eventually("the edited rule is evaluated") {
            let rule = try await Rules.targetDown(api)
            return rule?.query == "lockkeeper_up < 0.5" && rule?.health == "ok"
        }
        let after = try #require(try await Rules.targetDown(api))
        #expect(after.duration == 3600)
        #expect(after.alerts?.map(\.activeAt) == before.alerts?.map(\.activeAt))
        #expect(after.alerts?.map(\.state) == ["pending"])
        program.signal(SIGTERM)
        #expect(try await program.result().status == 0)
    }
}
