import Foundation
import LockkeeperCore
import LockkeeperTestSupport
import Testing

@testable import LockkeeperConfig

@Suite struct ExampleConfigurationTests {
    @Test func `The example configuration loads without an error or a warning where what it names is there`() throws {
        let folder = try TemporaryFolder()
        let example = try String(contentsOfFile: "\(repository)/deploy/lockkeeper.example.yml", encoding: .utf8)
        for (name, content) in [
            ("slack-webhook", "https://hooks.slack.com/services/T0/B0/x"), ("smtp-password", "password"),
            ("status-page-secret", "secret"),
        ] {
            try folder.write(content, to: name)
        }
        try FileManager.default.copyItem(atPath: "\(repository)/alerts", toPath: "\(folder.path)/alerts")
        let path = try folder.write(
            example.replacing("/etc/lockkeeper/", with: "\(folder.path)/"), to: "lockkeeper.yml", permissions: 0o644)
        let configuration = try Configuration.load(
            path: path, environment: ["DATABASE_URL": "postgresql://lockkeeper:x@localhost/app"])
        #expect(configuration.warnings == [])
        #expect(configuration.targets.map(\.name) == ["app-production"])
        #expect(configuration.receivers.map(\.name) == ["incidents", "stakeholders", "status-page"])
        #expect(configuration.routes.count == 3)
        #expect(configuration.rules.files.count >= 4)
    }

    @Test func `The receivers that are commented out in the example load, too`() throws {
        let folder = try TemporaryFolder()
        let example = try String(contentsOfFile: "\(repository)/deploy/lockkeeper.example.yml", encoding: .utf8)
        let part = try #require(example.firstMatch(of: /(?s)\nreceivers:\n(.*?)\n# Every route/)?.1)
        var names: [String] = []
        var lines: [String] = []
        for line in part.split(separator: "\n") {
            // Sentences stand right behind the `#` and a space, fields further in.
            let isField = line.hasPrefix("  #   ") || line.hasPrefix("  # - ")
            var text = isField ? "  " + line.dropFirst(4) : String(line)
            if let name = text.firstMatch(of: /^  - name: (.*)/)?.1 {
                names.append(String(name))
                text = "  - name: receiver-\(names.count)"
            }
            lines.append(text.replacing("/etc/lockkeeper/", with: "\(folder.path)/"))
            if let file = lines.last?.firstMatch(of: /_file: .*\/([^ \/]+)$/)?.1 {
                try folder.write(file.contains("webhook") ? "https://h.example.org/x" : "secret", to: String(file))
            }
        }
        let routes = names.indices.map { "  - receiver: receiver-\($0 + 1)" }
        let text = ConfigurationFixture.minimal((["receivers:"] + lines + ["routes:"] + routes).joined(separator: "\n"))
        let configuration = try Configuration.load(
            path: try folder.write(text, to: "lockkeeper.yml"), environment: [:])
        #expect(configuration.warnings == [])
        #expect(
            names == [
                "incidents", "incidents", "stakeholders", "status-page", "customers", "customers", "oncall", "cluster",
            ])
        #expect(configuration.receivers.last?.templates.title != nil)
    }

    @Test func `How HTTP is secured and the heartbeat, which are commented out in the example, load, too`() throws {
        let folder = try TemporaryFolder()
        let example = try String(contentsOfFile: "\(repository)/deploy/lockkeeper.example.yml", encoding: .utf8)
        var lines: [Substring] = []
        for name in ["web", "heartbeat"] {
            let part = example.split(separator: "\n", omittingEmptySubsequences: false)
                .drop { $0 != "# \(name):" }.prefix { $0.hasPrefix("# ") }
            #expect(part.count > 3, "\(name)")
            lines += part.map { $0.dropFirst(2) }
        }
        for (name, content) in [
            ("token", "0123456789abcdef"), ("fullchain.pem", PEMPair.first.certificate),
            ("privkey.pem", PEMPair.first.key), ("heartbeat-url", "https://h.example.org/x"),
            ("heartbeat-fail", "https://h.example.org/x/fail"),
        ] {
            try folder.write(content, to: name)
        }
        let text = ConfigurationFixture.minimal(lines.joined(separator: "\n"))
            .replacing("/etc/lockkeeper/", with: "\(folder.path)/")
            .replacing("$2y$12$…", with: "$2y$12$" + String(repeating: "a", count: 53))
        let configuration = try Configuration.load(
            path: try folder.write(text, to: "lockkeeper.yml"), environment: [:])
        #expect(configuration.warnings == [])
        #expect(configuration.web.token != nil && configuration.web.tls != nil)
        #expect(configuration.web.users.keys.sorted() == ["prometheus"])
        #expect(configuration.heartbeat?.failEndpoint != nil && configuration.heartbeat?.interval == .seconds(60))
    }

    @Test func `The example is complete: every field stands where it belongs`() throws {
        let example = try String(contentsOfFile: "\(repository)/deploy/lockkeeper.example.yml", encoding: .utf8)
        // What is commented out counts as if it were not.
        let lines = example.split(separator: "\n").map { line -> (indent: Int, text: Substring) in
            let spaces = line.prefix { $0 == " " }
            let rest = line.dropFirst(spaces.count)
            guard rest.hasPrefix("# ") else { return (spaces.count, rest) }
            let field = rest.dropFirst(2)
            let inner = field.prefix { $0 == " " }
            return (spaces.count + inner.count, field.dropFirst(inner.count))
        }
        func fields(in text: Substring) -> Set<String> {
            Set(text.matches(of: /(?:^|^# |[{,] |- )([a-z_]+):(?: |$|\n)/).map { String($0.output.1) })
        }
        for set in FieldSet.all {
            var found: Set<String> = []
            let name = set.path.replacing("[]", with: "").split(separator: ".").last.map(String.init)
            for (index, line) in lines.enumerated() {
                if let name {
                    // The block of the mapping: what stands behind its name, and further in below it.
                    guard fields(in: line.text).contains(name) else { continue }
                    if let inline = line.text.firstRange(of: "\(name): {") {
                        found.formUnion(fields(in: line.text[inline.upperBound...].drop { $0 == " " }))
                    }
                    for inner in lines[(index + 1)...].prefix(while: { $0.indent > line.indent }) {
                        found.formUnion(fields(in: inner.text))
                    }
                } else if line.indent == 0 {
                    found.formUnion(fields(in: line.text))
                }
            }
            // Of a secret the file is shown: the head says so.
            let wanted = set.known.filter { !set.known.contains("\($0)_file") }
            #expect(Set(wanted).subtracting(found) == [], "\(set.path)")
        }
    }

    @Test func `Without the environment the example says which variable is missing`() throws {
        let problems = #expect(throws: ConfigurationProblems.self) {
            try Configuration.load(path: "\(repository)/deploy/lockkeeper.example.yml", environment: [:])
        }
        #expect(
            problems?.errors.contains { $0.message == "the environment variable `DATABASE_URL` is not set" } == true)
    }
}
