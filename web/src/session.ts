/** Who plays in the demo, as `dokkerrd demo` hands it out. */
export interface Session {
  boater: Player;
  owner: Player;
  listing: { id: string; name: string };
  booking: { id: string };
  serviceKey: string;
}

export interface Player {
  id: string;
  name: string;
  token: string;
}

export type Role = 'boater' | 'owner';

export const roles: readonly Role[] = ['boater', 'owner'];

export const roleNames: Record<Role, string> = { boater: 'Boater', owner: 'Dock owner' };

export function otherRole(role: Role): Role {
  return role === 'boater' ? 'owner' : 'boater';
}

export async function loadSession(): Promise<Session> {
  const response = await fetch('/demo/session.json', { cache: 'no-store' });
  if (!response.ok) throw new Error(`/demo/session.json answered ${response.status}`);
  return (await response.json()) as Session;
}

/** `?as=boater` and `?as=owner` show one side, so that two tabs can be two people. */
export function rolesOf(query: URLSearchParams): readonly Role[] {
  const only = roles.filter((role) => role === query.get('as'));
  return only.length > 0 ? only : roles;
}
