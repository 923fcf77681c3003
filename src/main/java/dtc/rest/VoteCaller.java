package dtc.rest;

import com.fasterxml.jackson.databind.ObjectMapper;
import dtc.protocol.Ballot;
import dtc.protocol.VoteCause;
import dtc.runtime.Registration;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.faulttolerance.Fallback;
import org.eclipse.microprofile.faulttolerance.Timeout;

/** Asks for a vote, and votes abort for a participant that casts none within its second. */
@ApplicationScoped
public class VoteCaller {

    private final ResourceManagers api;
    private final ObjectMapper mapper;

    VoteCaller(ResourceManagers api, ObjectMapper mapper) {
        this.api = api;
        this.mapper = mapper;
    }

    /**
     * The time is {@code dtc.prepare-timeout}, 1,000 ms unless configured. It ends the waiting, not the call beneath:
     * that ends by the client's read timeout just above, and a vote that still comes finds a decided transaction.
     */
    @Timeout(1000)
    @Fallback(fallbackMethod = "voteAbort")
    public Uni<Ballot> prepare(Registration target, String id) {
        return api.of(target)
                .prepare(target.url(), id, target.instance().toString())
                .map(response -> HttpParticipants.ballot(response, mapper));
    }

    Uni<Ballot> voteAbort(Registration target, String id, Throwable failure) {
        VoteCause cause = switch (Clients.classify(failure)) {
            case TIMEOUT -> VoteCause.TIMEOUT;
            case UNREACHABLE -> VoteCause.UNREACHABLE;
            case GARBLED, ERROR -> VoteCause.ERROR;
        };
        return Uni.createFrom().item(Ballot.abortFor(cause, Clients.describe(failure)));
    }
}
