package orders;

import dtc.participant.EntryHandler;
import dtc.participant.WorkHandler;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.Startup;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Named;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import javax.sql.DataSource;

/** The SQL of the service. */
@ApplicationScoped
public class OrdersTable implements EntryHandler {

    private static final String CREATE = """
            CREATE TABLE IF NOT EXISTS orders (
              id text PRIMARY KEY,
              item text NOT NULL,
              quantity int NOT NULL CONSTRAINT quantity_is_positive CHECK (quantity > 0))""";

    private static final String INSERT = """
            INSERT INTO orders SELECT o->>'id', o->>'item', (o->>'quantity')::int FROM (SELECT ?::jsonb AS o) AS new""";

    private static final String REPLACE = """
            INSERT INTO orders SELECT ?, o->>'item', (o->>'quantity')::int FROM (SELECT ?::jsonb AS o) AS new
            ON CONFLICT (id) DO UPDATE SET item = EXCLUDED.item, quantity = EXCLUDED.quantity""";

    private static final String SELECT =
            "SELECT json_build_object('item', item, 'quantity', quantity) FROM orders WHERE id = ?";

    void create(@Observes Startup event, DataSource dataSource) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            execute(connection, CREATE);
        }
    }

    /** The work of {@code POST /orders}. */
    @Produces
    @Named("place-order")
    WorkHandler placeOrder() {
        return (connection, order) -> execute(connection, INSERT, order);
    }

    /** A write that a client sends through the coordinator. A service need not accept them. */
    @Override
    public void write(Connection connection, String id, String order) throws SQLException {
        execute(connection, REPLACE, id, order);
    }

    @Override
    public Optional<String> read(Connection connection, String id) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(SELECT)) {
            select.setString(1, id);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(row.getString(1)) : Optional.empty();
            }
        }
    }

    private static void execute(Connection connection, String sql, String... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setString(i + 1, parameters[i]);
            }
            statement.executeUpdate();
        }
    }
}
