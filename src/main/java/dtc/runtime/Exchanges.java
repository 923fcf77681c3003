package dtc.runtime;

import dtc.runtime.Participants.Reply;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * Requests to resource managers, and their answers. Every stage completes, with a value, within the time allowed to one
 * exchange (a second): silence and failure are values too.
 */
public interface Exchanges {

    CompletionStage<Reply> alone(Registration target, Message message);

    /**
     * Several in one request, to one that takes that ({@link Registration#BATCH}).
     *
     * @return for each message its answer, empty where that has to wait, and to be asked for alone. No answers where it
     *     answered something else; failed where the connection broke: in both nobody knows what was carried out, and in
     *     the latter not whether it lives
     */
    CompletionStage<List<Optional<Reply>>> together(Registration target, List<Message> messages);
}
