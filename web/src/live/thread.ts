import type { Conversation, Message, Requests } from '../contract';

/** A message on its way: the server has not acknowledged it yet, or has refused it. */
export interface Draft {
  clientMessageId: string;
  content: string;
  failure?: string;
}

/** The conversation of two people, as one of them sees it. */
export class Thread {
  /** Ascending by seq, each once. */
  readonly messages: Message[] = [];
  /** The drafts that messages of this page came from, by messageId. */
  readonly origins = new Map<string, string>();
  drafts: Draft[] = [];
  conversationId: string | undefined;
  readSeq = 0;
  otherReadSeq = 0;

  constructor(private readonly me: string) {}

  /** Takes a message in at its place; false when it is known already. */
  add(message: Message): boolean {
    this.conversationId ??= message.conversationId;
    const place = this.messages.findLastIndex((known) => known.seq <= message.seq);
    if (this.messages[place]?.seq === message.seq) return false;
    this.messages.splice(place + 1, 0, message);
    return true;
  }

  /** Turns an acknowledged draft into a message. */
  accept(draft: Draft, recipientId: string, receipt: Requests['message.new']['result']): void {
    this.drafts = this.drafts.filter((other) => other !== draft);
    this.origins.set(receipt.messageId, draft.clientMessageId);
    this.add({ ...receipt, senderId: this.me, recipientId, content: draft.content, type: 'text' });
  }

  applyMarks(conversation: Conversation): void {
    this.conversationId = conversation.conversationId;
    this.readSeq = Math.max(this.readSeq, conversation.readSeq);
    this.otherReadSeq = Math.max(this.otherReadSeq, conversation.otherReadSeq);
  }

  applyRead(userId: string, seq: number): void {
    if (userId === this.me) this.readSeq = Math.max(this.readSeq, seq);
    else this.otherReadSeq = Math.max(this.otherReadSeq, seq);
  }

  get unread(): Message[] {
    return this.messages.filter((message) => message.senderId !== this.me && message.seq > this.readSeq);
  }

  /** The seq up to which nothing is missing, or undefined before the first message. History is fetched from here. */
  get completeUpTo(): number | undefined {
    let last = this.messages[0]?.seq;
    for (const { seq } of this.messages) if (seq === (last ?? 0) + 1) last = seq;
    return last;
  }
}
