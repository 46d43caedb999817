import Foundation
import LockkeeperCore
import Testing

@testable import LockkeeperConfig

@Suite struct RuleFileReaderTests {
    private func problems(_ text: String) -> [String] {
        do {
            _ = try RuleFileReader.read(RuleFileText(name: "r.yml", text: text))
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test func `A rule file with every field becomes the rules that it names`() throws {
        let file = try RuleFileReader.read(
            RuleFileText(
                name: "r.yml",
                text: """
                    groups:
                      - name: g
                        interval: 30s
                        limit: 5
                        query_offset: 1m
                        labels: { team: db }
                        rules:
                          - record: a:b
                            expr: sum(up)
                            labels: { x: 1 }
                          - alert: A
                            expr: |
                              up
                                == 0
                            for: 5m
                            keep_firing_for: 1h
                            labels: { severity: warning }
                            annotations: { summary: "${HOME} {{ $value }}" }
                    """))
        #expect(file.name == "r.yml")
        let group = try #require(file.groups.first)
        #expect(group.name == "g")
        #expect(group.interval == .seconds(30))
        #expect(group.limit == 5)
        #expect(group.queryOffset == .seconds(60))
        guard case .recording(let recording) = group.rules.first, case .alerting(let alert) = group.rules.last else {
            Issue.record("\(group.rules)")
            return
        }
        #expect(recording.record == "a:b")
        #expect(recording.labels == ["team": "db", "x": "1"])
        #expect(alert.name == "A")
        #expect(alert.hold == .seconds(300))
        #expect(alert.keepFiringFor == .seconds(3600))
        #expect(alert.labels.mapValues(\.source) == ["team": "db", "severity": "warning"])
        #expect(alert.annotations.mapValues(\.source) == ["summary": "${HOME} {{ $value }}"])
    }

    @Test func `All that is wrong is reported with line, column and the rule's name`() {
        #expect(
            problems(
                """
                groups:
                  - name: g
                    intervall: 30s
                    limit: many
                    rules:
                      - alert: A
                        expr: up == == 0
                        for: 5 minutes
                      - alert: B
                        expr: |
                          up
                            and and down
                        labels: { 1x: y }
                      - alert: C
                        experssion: up
                      - record: C
                        alert: D
                        expr: [up]
                      - just words
                  - rules: {}
                """) == [
                    "r.yml:3:5: error: groups[0].intervall: there is no such field. Did you mean `interval`?",
                    "r.yml:4:12: error: groups[0].limit: must be a whole number (`many`)",
                    "r.yml:7:21: error: groups[0].rules[0].expr: rule g/A: could not parse expression: unexpected \"==\", expected an expression",
                    "r.yml:8:14: error: groups[0].rules[0].for: rule g/A: bad duration \"5 minutes\", expected whole numbers with units y, w, d, h, m, s or ms, for example 1h30m",
                    "r.yml:12:21: error: groups[0].rules[1].expr: rule g/B: could not parse expression: unexpected \"down\", expected an operator or the end of the expression",
                    "r.yml:13:23: error: groups[0].rules[1].labels.1x: rule g/B: invalid label name \"1x\"",
                    "r.yml:14:9: error: groups[0].rules[2].expr: rule g/C: field 'expr' must be set in rule",
                    "r.yml:15:9: error: groups[0].rules[2].experssion: there is no such field. Known here: `alert`, `record`, `expr`, `for`, `keep_firing_for`, `labels`, `annotations`",
                    "r.yml:17:16: error: groups[0].rules[3].alert: rule g/D: only one of 'record' and 'alert' must be set",
                    "r.yml:18:15: error: groups[0].rules[3].expr: must be a single value, not a list",
                    "r.yml:19:9: error: groups[0].rules[4]: must be a mapping with `alert`, `record`, `expr`, `for`, `keep_firing_for`, `labels` and `annotations`, not a single value",
                    "r.yml:20:5: error: groups[1].name: a group needs a name",
                    "r.yml:20:12: error: groups[1].rules: must be a list of rules. Write each of them after a `-`",
                ])
    }

    @Test(arguments: ["alert", "expr", "for", "keep_firing_for", "labels", "annotations"])
    func `A field of a rule with any one letter changed is an error that suggests the right one`(key: String) {
        for position in key.indices where key[position] != "_" {
            var typo = key
            typo.replaceSubrange(position...position, with: "q")
            let text = """
                groups:
                - name: g
                  rules:
                  - alert: A
                    expr: up
                    for: 1s
                    keep_firing_for: 1s
                    labels: {}
                    annotations: {}
                """.replacing(" \(key):", with: " \(typo):")
            #expect(
                problems(text).contains { $0.hasSuffix("\(typo): there is no such field. Did you mean `\(key)`?") },
                "\(typo)")
        }
    }

    @Test func `Where the place within a text cannot be known in the file, the place in the text is said`() {
        let told = problems(
            """
            groups:
            - name: g
              rules:
              - alert: A
                expr: >-
                  up
                  and and down
            """)
        #expect(told.count == 1)
        #expect(told.first?.hasPrefix("r.yml:5:11: error: groups[0].rules[0].expr: rule g/A") == true)
        #expect(told.first?.hasSuffix("(line 1, column 12 of the text)") == true)
    }

    @Test(arguments: [
        ("", [], "the file holds no rules"), ("groups:", [], "the file holds no rules"),
        ("groups: []", [], "the file holds no rules"), ("rules: []", ["r.yml:1:1"], "there is no such field"),
        ("groups: [", ["r.yml:2:1"], "the file is not YAML"),
        ("groups: { a: b }", ["r.yml:1:9"], "must be a list of groups"),
    ])
    func `A file without groups is an error unless it is empty`(text: String, places: [String], message: String) {
        let told = problems(text)
        for place in places { #expect(told.contains { $0.hasPrefix(place) && $0.contains(message) }, "\(told)") }
        if places.isEmpty { #expect(told == []) }
        let context = ReadingContext(file: "r.yml", folder: "", environment: [:])
        _ = RuleFileReader.read(RuleFileText(name: "r.yml", text: text), into: context)
        #expect(context.problems.contains { $0.message.contains(message) }, "\(context.problems)")
    }

    @Test func `A rule file that is not there is said as such`() throws {
        let folder = try TemporaryFolder()
        try folder.write("groups: []", to: "rules.yml")
        let error = #expect(throws: ConfigurationProblems.self) {
            try RuleFileReader.read(path: "\(folder.path)/rule.yml")
        }
        #expect(
            error?.description
                == "\(folder.path)/rule.yml: error: the file does not exist. Did you mean `rules.yml`, which is in the same folder?"
        )
    }

    @Test func `The shipped rules are read without an error or a warning`() throws {
        let folder = "\(repository)/alerts"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yml") }
        #expect(names.count >= 4)
        for name in names {
            let file = try RuleFileReader.read(path: "\(folder)/\(name)")
            #expect(file.groups.contains { !$0.rules.isEmpty })
        }
    }
}
