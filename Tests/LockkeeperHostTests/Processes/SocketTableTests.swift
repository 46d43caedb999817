import Testing

@testable import LockkeeperHost

@Suite("The table of TCP sockets")
struct SocketTableTests {
    private let tables = [
        """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
           0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   104        0 25000 1 0 100 0 0 10 0
           1: 0100007F:1538 0100007F:D431 08 00000000:00000000 00:00000000 00000000   104        0 25412 1 0 20 4 30 10 -1
           2: 0100007F:D431 0100007F:1538 05 00000000:00000000 00:00000000 00000000  1000        0 25411 1 0 20 4 30 10 -1
           3: 0100007F:1539 0200007F:D431 01 00000000:00000000 00:00000000 00000000   104        0 25413 1 0 20 4 30 10 -1

        """,
        """
          sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
           0: 0000000000000000FFFF00000100007F:D431 0000000000000000FFFF00000100007F:1540 01 00000000:00000000 00:00000000 00000000  1000        0 26000 1 0 20 4 30 10 -1
           1: 00000000000000000000000001000000:D432 00000000000000000000000001000000:1538 01 00000000:00000000 00:00000000 00000000  1000        0 26001 1 0 20 4 30 10 -1

        """,
    ].map { Array($0.utf8) }

    @Test("has the sockets at both sides of an address and port, and no others")
    func bothSides() throws {
        let client = try #require(SocketTable.endpoint(address: "127.0.0.1", port: 54_321))
        let entries = SocketTable(tables, about: client).entries
        #expect(entries.map(\.inode) == [25_412, 25_411, 26_000])
        #expect(entries[0].isClosedByPeer && entries[0].stateName == "CLOSE_WAIT" && entries[0].remote == client)
        #expect(entries[0].local.port == 5432 && entries[0].user == 104)
        #expect(entries[2].isEstablished, "an address of IPv4 that Java, say, writes as one of IPv6 is the same")
        #expect(client.isLoopback)
    }

    @Test("knows addresses of IPv6")
    func sixes() throws {
        let client = try #require(SocketTable.endpoint(address: "::1", port: 0xD432))
        #expect(SocketTable(tables, about: client).entries.map(\.inode) == [26_001])
        #expect(client.isLoopback)
        #expect(SocketTable.endpoint(address: "fe80::1%eth0", port: 1) != nil)
        #expect(SocketTable.endpoint(address: "/tmp/socket", port: 1) == nil)
    }

    @Test("A line that is none is left out", arguments: ["", "nonsense", "0: :D431 :1538 01", ":D431 :D431 :D431 "])
    func broken(line: String) throws {
        let client = try #require(SocketTable.endpoint(address: "127.0.0.1", port: 54_321))
        #expect(SocketTable([Array(line.utf8)], about: client).entries.isEmpty)
    }
}
