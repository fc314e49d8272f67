/** Who reads a partition, and who has to go: the rules of exclusive (epoch) and shared receivers. */
import { isRefusal, type Refusal } from './refusal.ts';

/** A receiver as the rules see it. */
export interface GroupMember {
  /** For the texts of errors only; it need not be unique. */
  name: string;
  /** The owner level of an exclusive receiver; undefined for one that shares the partition. */
  epoch: number | undefined;
  /** Closes the link because another receiver took its place. */
  disconnect(refusal: Refusal): void;
}

/** The service's quota of receivers without an epoch, for each consumer group and partition. */
const MAX_SHARED_RECEIVERS = 5;

/** The receivers of one partition by consumer group. Any group name works; groups are compared without case. */
export class ConsumerGroups {
  readonly #groups = new Map<string, Set<GroupMember>>();

  /**
   * Lets a receiver in, which may disconnect others, or says why not. An exclusive receiver wins over shared ones
   * and over exclusive ones of the same or a lower epoch.
   */
  admit(consumerGroup: string, member: GroupMember): Refusal | undefined {
    const group = this.#group(consumerGroup);
    const verdict = judge(group, member);
    if (isRefusal(verdict)) return verdict;
    // In this order, because those who leave may empty the group, and an empty group is forgotten.
    group.add(member);
    for (const loser of verdict) {
      group.delete(loser);
      loser.disconnect({
        condition: 'amqp:link:stolen',
        description:
          `New receiver '${member.name}' with higher epoch of '${member.epoch}' is created hence current receiver ` +
          `'${loser.name}' with epoch '${loser.epoch ?? 0}' is getting disconnected.`,
      });
    }
    return undefined;
  }

  /** Forgets a receiver whose link is gone. */
  leave(consumerGroup: string, member: GroupMember): void {
    const group = this.#group(consumerGroup);
    group.delete(member);
    if (group.size === 0) this.#groups.delete(consumerGroup.toLowerCase());
  }

  #group(consumerGroup: string): Set<GroupMember> {
    const key = consumerGroup.toLowerCase();
    const group = this.#groups.get(key) ?? new Set();
    this.#groups.set(key, group);
    return group;
  }
}

/** The members that must make room, or why the newcomer may not enter. */
function judge(group: Set<GroupMember>, newcomer: GroupMember): GroupMember[] | Refusal {
  const owner = [...group].find((member) => member.epoch !== undefined);
  if (newcomer.epoch === undefined) {
    if (owner) {
      return {
        condition: 'amqp:link:stolen',
        description:
          `At least one receiver for the endpoint is created with epoch of '${owner.epoch}', and so non-epoch ` +
          'receiver is not allowed. Either reconnect with a higher epoch, or make sure all receivers are closed.',
      };
    }
    if (group.size >= MAX_SHARED_RECEIVERS) {
      return {
        condition: 'amqp:resource-limit-exceeded',
        description: `Exceeded the maximum number of allowed receivers per partition in a consumer group, which is ${MAX_SHARED_RECEIVERS}.`,
      };
    }
    return [];
  }
  if (owner?.epoch !== undefined && owner.epoch > newcomer.epoch) {
    return {
      condition: 'amqp:link:stolen',
      description:
        `Receiver '${newcomer.name}' with a lower epoch of '${newcomer.epoch}' is not allowed: the current ` +
        `receiver '${owner.name}' has epoch '${owner.epoch}'.`,
    };
  }
  return [...group];
}
