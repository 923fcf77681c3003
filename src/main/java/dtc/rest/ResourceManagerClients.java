package dtc.rest;

import dtc.runtime.Registration;

/**
 * The two HTTP clients for resource managers.
 *
 * @param kept reuses connections
 * @param closed closes each connection after its response
 */
public record ResourceManagerClients(ResourceManagerApi kept, ResourceManagerApi closed) {

    ResourceManagerApi of(Registration target) {
        return target.keepsAlive() ? kept : closed;
    }
}
