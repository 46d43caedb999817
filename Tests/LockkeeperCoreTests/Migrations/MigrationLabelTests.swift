import LockkeeperCore
import Testing

struct MigrationLabelTests {
    private func label(_ migrations: [String]) -> String {
        MigrationRun(
            id: "r1", target: "app", database: "shop", tool: "drizzle", migrations: migrations, sessions: [],
            begin: Timestamp(seconds: 1)
        ).migrationLabel
    }

    @Test func `A few migrations are all named`() {
        #expect(label([]) == "")
        #expect(label(["0042_orders"]) == "0042_orders")
        #expect(label(["0041_users", "0042_orders", "0043_items"]) == "0041_users,0042_orders,0043_items")
    }

    @Test func `Of many the first and the last are named, and how many are between`() {
        let names = (1...150).map { "\(1000 + $0)_a_change_of_something" }
        #expect(label(names) == "1001_a_change_of_something,… 148 more …,1150_a_change_of_something")
    }

    @Test func `However long the names are, the label is short`() {
        let long = String(repeating: "ö", count: 3000)
        for count in 1...4 {
            let label = label(Array(repeating: long, count: count))
            #expect(label.count <= 200 && label.utf8.count < 2048 && label.contains("öö"))
        }
    }
}
