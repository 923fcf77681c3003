package dtc.bench.helper;

import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import java.util.List;

/** Reads and writes JSON: the minimum cost of a call on this stack. */
@Path("/echo")
public final class Echo {

    /** A body of the size and form of a one-call transaction. */
    public record Order(boolean autoCommit, List<Write> writes) {}

    public record Write(String resourceManager, String key, Value value) {}

    public record Value(long amount) {}

    @POST
    public Order echo(Order order) {
        return order;
    }
}
