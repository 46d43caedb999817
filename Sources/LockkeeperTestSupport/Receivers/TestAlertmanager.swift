import Foundation
import Glibc
import ThrowawayPostgres

/// A real Alertmanager on the loopback interface, alone or as a member of a cluster, that hands on what it notifies to a webhook.
public final class TestAlertmanager: Sendable {
    private let folder: String
    private let process: pid_t
    /// Where its API is.
    public let url: String
    /// Where other members find it.
    public let clusterAddress: String

    /// Whether the program is there; in CI it has to be.
    public static var isWanted: Bool { getenv("CI") != nil || access("/usr/bin/prometheus-alertmanager", X_OK) == 0 }

    /// Starts one and waits until it is ready.
    ///
    /// - Parameters:
    ///   - webhook: where it posts its notifications, within about a second.
    ///   - ports: of its API and of its cluster protocol; free ones unless given.
    ///   - peer: another member's ``clusterAddress``; without one it is the first.
    public static func start(
        webhook: String, ports: (api: Int, cluster: Int)? = nil, peer: String? = nil
    ) async throws -> TestAlertmanager {
        let member = try await BlockingWork.run { try TestAlertmanager(webhook: webhook, ports: ports, peer: peer) }
        do {
            try await eventually("Alertmanager is ready") { (try? await member.get("/-/ready")) != nil }
            return member
        } catch {
            await member.stop()
            throw error
        }
    }

    private init(webhook: String, ports: (api: Int, cluster: Int)?, peer: String?) throws {
        folder =
            FileManager.default.temporaryDirectory.appendingPathComponent(
                "alertmanager-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
            ).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let api = try ports?.api ?? Self.freePort()
        let cluster = try ports?.cluster ?? Self.freePort()
        url = "http://127.0.0.1:\(api)"
        clusterAddress = "127.0.0.1:\(cluster)"
        try TextFile.append(
            """
            route: { receiver: hook, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 4h }
            receivers: [{ name: hook, webhook_configs: [{ url: "\(webhook)", send_resolved: true }] }]

            """, to: "\(folder)/alertmanager.yml")
        process = try Command(
            arguments: [
                "/usr/bin/prometheus-alertmanager", "--config.file=\(folder)/alertmanager.yml",
                "--storage.path=\(folder)/data", "--web.listen-address=127.0.0.1:\(api)",
                "--cluster.listen-address=127.0.0.1:\(cluster)", "--cluster.advertise-address=127.0.0.1:\(cluster)",
                "--cluster.settle-timeout=1s", "--cluster.peer-timeout=10s", "--cluster.gossip-interval=50ms",
            ] + (peer.map { ["--cluster.peer=\($0)"] } ?? []), folder: folder, log: "\(folder)/log", ownSession: true
        ).spawn()
    }

    /// The ports that it uses, to start another one in its place.
    public var ports: (api: Int, cluster: Int) {
        let port = { (text: String) in text.split(separator: ":").last.flatMap { Int($0) } ?? 0 }
        return (port(url), port(clusterAddress))
    }

    /// Its alerts as its API tells them, those that it silences or inhibits included.
    public func alerts() async throws -> [AlertmanagerAlert] {
        let decoder = JSONDecoder()
        return try decoder.decode([AlertmanagerAlert].self, from: try await get("/api/v2/alerts"))
    }

    /// How many members it sees, itself included.
    public func members() async throws -> Int {
        struct Status: Decodable {
            struct Cluster: Decodable {
                struct Peer: Decodable {}
                var peers: [Peer]?
            }
            var cluster: Cluster
        }
        return try JSONDecoder().decode(Status.self, from: try await get("/api/v2/status")).cluster.peers?.count ?? 0
    }

    private func get(_ path: String) async throws -> Data {
        let answer = try await SystemTool.run(
            ["curl", "--silent", "--show-error", "--fail", "--max-time", "5", url + path])
        guard answer.status == 0 else { throw TestFailure("GET \(path): \(answer.output)") }
        return Data(answer.bytes)
    }

    /// Kills it, as a crash does: what it knows of alerts is gone.
    public func stop() async {
        try? await BlockingWork.run { [process, folder] in
            kill(process, SIGKILL)
            _ = ChildProcess.reap(process, seconds: 10)
            try FileManager.default.removeItem(atPath: folder)
        }
    }

    /// One that was free a moment ago.
    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw TestFailure("no socket") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        guard code == 0 else { throw TestFailure("no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// An alert as Alertmanager's API tells it.
public struct AlertmanagerAlert: Sendable, Decodable {
    public var labels: [String: String]
    public var annotations: [String: String]
    /// RFC 3339, as `endsAt`.
    public var startsAt: String
    public var endsAt: String
}
